from pwdlib.hashers.argon2 import Argon2Hasher

from app.adapters.passwords import Passwords

CHEAP = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)


class _Counting(Argon2Hasher):
    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared: list[str | bytes] = []

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002  # the library's name
        self.compared.append(hash)
        return super().verify(password, hash)


async def test_only_the_right_password_matches() -> None:
    passwords = Passwords(CHEAP)
    stored = await passwords.hash("对的口令")
    assert stored.startswith("$argon2id$")
    assert await passwords.matches("对的口令", stored)
    assert not await passwords.matches("错的口令", stored)


async def test_without_an_account_there_is_as_much_work_and_never_a_match() -> None:
    hasher = _Counting()
    passwords = Passwords(hasher)
    stored = await passwords.hash("x")
    assert await passwords.matches("x", stored)
    assert not await passwords.matches("x", None)
    assert len(hasher.compared) == 2
    assert hasher.compared[0] == stored != hasher.compared[1]
