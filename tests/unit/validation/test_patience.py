"""A client waits where a service is busy, as long as it asks for, and not for ever."""

import httpx
import pytest

from validation.patience import PATIENCE_SECONDS, PatientClient


class Waits(list):
    """Answers with what it is given, one after another, and keeps how long the client slept."""

    def __init__(self, *answers):
        self.answers, self.asked = iter(answers), 0

    def client(self):
        made = PatientClient(transport=httpx.MockTransport(self.answer), base_url="https://service")
        made.sleep = self.append
        return made

    def answer(self, _request):
        self.asked += 1
        status, after = next(self.answers)
        return httpx.Response(status, headers={} if after is None else {"retry-after": after})


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_after_the_time_it_names(status):
    waits = Waits((status, "2"), (status, "0"), (200, None))
    with waits.client() as client:
        assert client.post("/").status_code == 200
    assert waits == [2.0, 0.1]


@pytest.mark.parametrize("answer", [(429, None), (429, "Tomorrow"), (429, "-1"), (500, "1"), (200, "1")])
def test_what_is_not_busy_or_does_not_say_when_is_not_asked_again(answer):
    waits = Waits(answer)
    with waits.client() as client:
        assert client.get("/").status_code == answer[0]
    assert waits == []


def test_patience_ends():
    waits = Waits(*[(429, "3600")] * 50)
    with waits.client() as client:
        assert client.get("/").status_code == 429
    assert sum(waits) <= PATIENCE_SECONDS
    assert waits.asked == len(waits) + 1 == 7
