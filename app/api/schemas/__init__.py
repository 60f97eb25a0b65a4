"""Bodies of requests and answers, by resource."""
