# The service without a database: give it GRIDCASE_DATABASE_URL (see compose.yaml).
# Every step is tried, or at least read, by tests/deploy/test_dockerfile.py.
FROM python:3.12-slim-trixie AS packages
COPY requirements/run.txt /tmp/run.txt
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/run.txt

FROM python:3.12-slim-trixie
# pg_dump, pg_restore and psql for `gridcase db backup` and `restore`: not older than the server they talk to
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 gridcase \
 && useradd --system --uid 10001 --gid gridcase --home-dir /var/lib/gridcase --create-home gridcase
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/gridcase
COPY . .
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/srv/gridcase \
    PYTHONDONTWRITEBYTECODE=1 \
    GRIDCASE_HOME=/var/lib/gridcase \
    GRIDCASE_HOST=0.0.0.0 \
    GRIDCASE_MODE=production
USER gridcase
VOLUME /var/lib/gridcase
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('GRIDCASE_PORT', '8000') + '/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "app.cli"]
CMD ["serve"]
