"""Sinks of kind ``email``, with an SMTP server on loopback."""

from __future__ import annotations

import contextlib
import gzip
import io
import ipaddress
import json
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from django.utils import timezone

from jobs.errors import PermanentError, TransientError
from jobs.models import Job
from sinks import claims
from sinks.base import Record, TakenInPart
from sinks.documents import configuration_errors
from sinks.email import KIND
from sinks.email.sink import EmailSink
from sinks.models import Delivery
from sinks.services.redelivering import redeliver
from tests.integration.http_payload.identities import Identity, make_identity
from tests.integration.sinks.dripping import dripping
from tests.integration.sinks.handmade import parcel, record, results
from tests.integration.sinks.mail_server import MailServer, serving
from tests.integration.sinks.makers import end_run, make_job
from tests.integration.sinks.pages import deliver_example, example
from tests.integration.sinks.relay import Relay
from tests.integration.sinks.surroundings import let_every_name_lead_here, surroundings
from tests.integration.sinks.test_delivering import deliver

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[MailServer]:
    with serving() as made:
        yield made


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return make_identity(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


def configuration(port: int, **said: Any) -> dict[str, Any]:
    smtp = {"host": "127.0.0.1", "port": port, "security": "none"} | said.pop("smtp", {})
    return {"smtp": smtp, "from": "Jobs <jobs@example.com>", "to": ["ann@example.com"], **said}


def sink(server: MailServer, *, secrets: dict[str, str] | None = None, **said: Any) -> EmailSink:
    read = KIND.configuration.model_validate(configuration(server.port, **said))
    opened = KIND.open(read, surroundings(**secrets or {}))
    assert isinstance(opened, EmailSink)
    return opened


RESULTS = results({"city": "Oslo"}, {"city": "Zürich & <Bern>"})


def test_results_that_no_text_names_are_not_read(server: MailServer) -> None:
    def unread() -> Iterator[Record]:
        raise AssertionError("they were read")

    shut = replace(parcel(*RESULTS), records=unread)
    sink(server, results="none", subject="{{ job }}: {{ count }}").deliver(shut)
    assert len(server.envelopes) == 1


def test_texts_see_the_first_records_as_far_as_the_mail_may_be_large(server: MailServer) -> None:
    read: list[int] = []

    def records() -> Iterator[Record]:
        for at, each in enumerate(results(*["x" * 1000] * 90)):
            read.append(at)
            yield each

    many = replace(parcel(*RESULTS), records=records)
    sink(server, results="none", body="{{ records[0].name }}", max_bytes=3000).deliver(many)
    assert (len(server.envelopes), read) == (1, [0, 1, 2])


class TestAMail:
    def test_texts_are_filled_and_the_results_follow_the_body(self, server: MailServer) -> None:
        sink(server, subject="{{ job }}: {{ count }}", body="First: {{ records[0].result.city }}").deliver(
            parcel(*RESULTS)
        )
        [mail] = server.mails
        assert (mail["Subject"], mail["From"], mail["To"]) == (
            "task:ping: 2",
            "Jobs <jobs@example.com>",
            "ann@example.com",
        )
        head, _, rest = mail.get_content().replace("\r\n", "\n").partition("\n\n")
        assert head == "First: Oslo"
        assert [each["result"]["city"] for each in json.loads(rest)] == ["Oslo", "Zürich & <Bern>"]

    def test_they_can_be_attached(self, server: MailServer) -> None:
        sink(server, results="attachment", attachment="{{ job }}.json").deliver(parcel(*RESULTS))
        [mail] = server.mails
        [attached] = mail.iter_attachments()
        assert (attached.get_filename(), attached.get_content_type()) == ("task:ping.json", "application/json")
        assert [each["position"] for each in json.loads(attached.get_content())] == [0, 1]
        assert "Oslo" not in mail.get_body().get_content()  # type: ignore[union-attr]

    @pytest.mark.parametrize(("compression", "ending"), [("gzip", "gz"), ("zip", "zip")])
    def test_as_an_attachment_that_is_compressed(self, server: MailServer, compression: Any, ending: str) -> None:
        for _ in range(2):
            sink(server, results="attachment", compression=compression).deliver(parcel(*RESULTS))
        first, again = (next(mail.iter_attachments()) for mail in server.mails)
        assert (first.get_filename(), first.get_content_type()) == (
            f"run-7.json.{ending}",
            f"application/{compression}",
        )
        packed = first.get_content()
        assert packed == again.get_content()
        with zipfile.ZipFile(io.BytesIO(packed)) if ending == "zip" else nullcontext() as archive:
            plain = archive.read("run-7.json") if archive else gzip.decompress(packed)
        assert len(json.loads(plain)) == len(RESULTS)

    def test_or_left_out(self, server: MailServer) -> None:
        sink(server, results="none", body="Done.").deliver(parcel(*RESULTS))
        assert server.mails[0].get_content().strip() == "Done."

    def test_values_are_escaped_in_html(self, server: MailServer) -> None:
        sink(server, format="html", body="<b>{{ records[1].result.city }}</b>").deliver(parcel(*RESULTS))
        [mail] = server.mails
        assert mail.get_content_type() == "text/html"
        assert mail.get_content().startswith("<b>Zürich &amp; &lt;Bern&gt;</b>")
        assert "<Bern>" not in mail.get_content()

    def test_copies_go_out_and_blind_ones_are_in_no_header(self, server: MailServer) -> None:
        sink(server, cc=["bob@example.com"], bcc=["eve@example.com"], reply_to=["r@example.com"]).deliver(
            parcel(*RESULTS)
        )
        assert server.envelopes[0].rcpt_tos == ["ann@example.com", "bob@example.com", "eve@example.com"]
        [mail] = server.mails
        assert (mail["Cc"], mail["Reply-To"]) == ("bob@example.com", "r@example.com")
        assert b"eve@" not in bytes(mail)

    def test_one_payload_can_say_who_gets_it(self, server: MailServer) -> None:
        one = parcel(record(4, result={"to": "kim@example.com"}), unit="payload")
        sink(server, to=["{{ result.to }}", "{{ result.nobody }}"], subject="{{ name }}").deliver(one)
        assert server.envelopes[0].rcpt_tos == ["kim@example.com"]
        assert server.mails[0]["Subject"] == "p4"

    @pytest.mark.parametrize(
        "to", ["no address", "a@example.com\nBcc: eve@example.com", "a@example.com, b@example.com", ""]
    )
    def test_what_is_no_address_is_refused(self, server: MailServer, to: str) -> None:
        one = parcel(record(result={"to": to}), unit="payload")
        with pytest.raises(PermanentError) as refused:
            sink(server, to=["{{ result.to }}"]).deliver(one)
        assert refused.value.code == "recipients"
        assert server.envelopes == []

    def test_a_subject_stays_one_line(self, server: MailServer) -> None:
        one = parcel(record(result="a\r\nBcc: eve@example.com"), unit="payload")
        sink(server, subject="{{ result }}").deliver(one)
        assert (server.mails[0]["Subject"], server.mails[0]["Bcc"]) == ("a Bcc: eve@example.com", None)

    def test_one_that_would_be_too_large_is_not_sent(self, server: MailServer) -> None:
        for way in ("body", "attachment"):
            with pytest.raises(PermanentError) as refused:
                sink(server, max_bytes=1000, results=way).deliver(parcel(*results("x" * 1000)))
            assert refused.value.code == "too_large"
        assert server.envelopes == []


class TestASecondAttempt:
    def test_it_has_the_same_message_id_and_date(self, server: MailServer) -> None:
        for attempt in (1, 2):
            sink(server).deliver(parcel(*RESULTS, attempt=attempt))
        first, second = server.mails
        assert first["Message-ID"] == second["Message-ID"] == "<dlv_1.acme@example.com>"
        assert first["Date"] == second["Date"] == "Sat, 21 Nov 2026 12:00:05 +0000"

    def test_another_delivery_has_another(self, server: MailServer) -> None:
        for id in ("dlv_1", "dlv_2"):
            sink(server).deliver(parcel(*RESULTS, id=id))
        assert len({mail["Message-ID"] for mail in server.mails}) == 2

    def test_the_receipt_tells_what_was_sent(self, server: MailServer) -> None:
        receipt = sink(server).deliver(parcel(*RESULTS))
        assert receipt.bytes >= len(server.envelopes[0].content or b"")
        assert receipt.details == {"message_id": "<dlv_1.acme@example.com>", "recipients": 1, "refused": []}


class TestAServerThatRefuses:
    @pytest.mark.parametrize(("answer", "kind"), [("451 try later", TransientError), ("554 no spam", PermanentError)])
    def test_its_status_tells_whether_it_may_pass(self, server: MailServer, answer: str, kind: type[Exception]) -> None:
        server.answers = [answer]
        with pytest.raises(kind, match=answer):
            sink(server).deliver(parcel(*RESULTS))

    def test_some_recipients_may_be_refused(self, server: MailServer) -> None:
        server.unknown = {"bob@example.com": "550 who?"}
        receipt = sink(server, cc=["bob@example.com"]).deliver(parcel(*RESULTS))
        assert (receipt.details["recipients"], receipt.details["refused"]) == (1, ["bob@example.com"])
        assert len(server.envelopes) == 1

    def test_but_not_all(self, server: MailServer) -> None:
        server.unknown = {"ann@example.com": "550 who?"}
        with pytest.raises(PermanentError, match="550 who"):
            sink(server).deliver(parcel(*RESULTS))

    def test_while_one_of_them_may_be_taken_later_it_is_tried_again(self, server: MailServer) -> None:
        server.unknown = {"ann@example.com": "550 who?", "bob@example.com": "450 full"}
        with pytest.raises(TransientError, match="450 full"):
            sink(server, cc=["bob@example.com"]).deliver(parcel(*RESULTS))

    def test_who_is_put_off_is_tried_again_alone(self, server: MailServer) -> None:
        server.unknown = {"bob@example.com": "450 full", "eve@example.com": "550 who?"}
        opened = sink(server, cc=["bob@example.com"], bcc=["eve@example.com"])
        receipts: list[Any] = []
        for _ in range(2):
            with pytest.raises(TakenInPart) as put_off:
                opened.deliver(replace(parcel(*RESULTS), receipt=receipts[-1] if receipts else None))
            receipts.append(put_off.value.receipt)
            assert "put off by the server: bob@example.com (450 full)" in str(put_off.value)
            assert "refused by the server: eve@example.com" in str(put_off.value)
        del server.unknown["bob@example.com"]
        receipt = opened.deliver(replace(parcel(*RESULTS), receipt=receipts[-1]))
        assert [each.rcpt_tos for each in server.envelopes] == [["ann@example.com"], ["bob@example.com"]]
        assert receipt.details == {
            "message_id": "<dlv_1.acme@example.com>",
            "recipients": 2,
            "refused": ["eve@example.com"],
        }

    def test_one_who_was_put_off_and_is_then_refused_does_not_take_it_from_the_others(self, server: MailServer) -> None:
        server.unknown = {"bob@example.com": "450 full"}
        opened = sink(server, cc=["bob@example.com"])
        with pytest.raises(TakenInPart) as put_off:
            opened.deliver(parcel(*RESULTS))
        server.unknown = {"bob@example.com": "550 gone"}
        receipt = opened.deliver(replace(parcel(*RESULTS), receipt=put_off.value.receipt))
        assert (receipt.details["recipients"], receipt.details["refused"]) == (1, ["bob@example.com"])
        assert len(server.envelopes) == 1

    def test_one_who_hangs_up_at_a_recipient_has_given_it_to_nobody(self, server: MailServer) -> None:
        server.unknown = {"bob@example.com": "421 enough"}
        with pytest.raises(TransientError, match=r"ann@example.com, bob@example.com \(421 enough") as refused:
            sink(server, cc=["bob@example.com"]).deliver(parcel(*RESULTS))
        assert not isinstance(refused.value, TakenInPart)
        assert refused.value.details["put_off"] == ["ann@example.com", "bob@example.com"]

    def test_a_mail_that_went_to_everybody_is_sent_to_everybody_again(self, server: MailServer) -> None:
        opened = sink(server)
        receipt = opened.deliver(parcel(*RESULTS))
        opened.deliver(replace(parcel(*RESULTS), receipt=receipt.details))
        assert len(server.envelopes) == 2

    def test_one_that_is_not_there_may_come_back(self, server: MailServer) -> None:
        with Relay("nowhere") as gone:
            server.port = gone.port
        with pytest.raises(TransientError):
            sink(server).deliver(parcel(*RESULTS))

    def test_one_that_says_a_little_now_and_then_is_left_when_the_attempts_time_is_over(
        self, server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sinks.email.sink.MOST_SECONDS", 0.5)
        with dripping(b"220-wait\r\n") as server.port, pytest.raises(TransientError) as caught:
            sink(server).deliver(parcel(*RESULTS))
        assert caught.value.code == "timeout"


def again() -> None:
    """The next attempt, as if its time had come."""
    Delivery.objects.filter(state="due").update(due_at=timezone.now())
    assert deliver() == 1


@pytest.mark.django_db(transaction=True)
class TestADelivery:
    """Through the whole of the deliverers: what one attempt has come to, the next one knows."""

    @pytest.fixture
    def job(self, server: MailServer) -> Job:
        smtp = {"host": "127.0.0.1", "port": server.port, "security": "none"}
        said = {"smtp": smtp, "from": "jobs@example.com", "to": ["ann@example.com", "bob@example.com"]}
        return make_job({"kind": "email", "configuration": said})

    def test_whoever_has_the_mail_gets_it_once_and_the_sink_is_not_blamed(self, server: MailServer, job: Job) -> None:
        server.unknown = {"bob@example.com": "450 full"}
        end_run(job)
        for _ in range(claims.PATIENCE + 1):
            again()
        waiting = Delivery.objects.get()
        assert (waiting.state, waiting.attempts) == ("due", claims.PATIENCE + 1)
        assert "bob@example.com (450 full)" in (waiting.error or {})["message"]
        assert (waiting.receipt or {})["taken"] == ["ann@example.com"]
        server.unknown = {}
        again()
        assert [each.rcpt_tos for each in server.envelopes] == [["ann@example.com"], ["bob@example.com"]]
        delivered = Delivery.objects.get()
        assert (delivered.state, delivered.error) == ("delivered", None)
        assert (delivered.receipt or {})["recipients"] == 2

    def test_made_again_it_goes_to_everybody_once_more(self, server: MailServer, job: Job) -> None:
        run = end_run(job)
        deliver()
        redeliver(workspace=run.workspace, delivery_ids=[Delivery.objects.get().pk], actor="ann")
        deliver()
        assert [len(each.rcpt_tos) for each in server.envelopes] == [2, 2]

    def test_an_attempt_that_fails_otherwise_forgets_nobody(self, server: MailServer, job: Job) -> None:
        server.unknown = {"bob@example.com": "450 full"}
        end_run(job)
        deliver()
        server.unknown, server.answers = {}, ["451 later"]
        again()
        again()
        assert [each.rcpt_tos for each in server.envelopes] == [["ann@example.com"], ["bob@example.com"]]


class TestEncryption:
    LOGIN = {"username": "jobs", "password_secret": "MAIL"}

    def test_starttls_with_a_login(self, identity: Identity) -> None:
        secrets = {"MAIL": "open sesame", "CA": identity.pem}
        smtp = {"security": "starttls", "ca_secret": "CA", **self.LOGIN}
        with serving(starttls=identity.context) as server:
            opened = sink(server, secrets=secrets, smtp=smtp)
            assert opened.check() == "127.0.0.1 takes mail from us."
            opened.deliver(parcel(*RESULTS))
            assert server.logins == [("jobs", "open sesame")] * 2
            assert server.encrypted == [True]

    def test_a_password_that_is_wrong_can_be_mended(self, identity: Identity) -> None:
        secrets = {"MAIL": "sesame", "CA": identity.pem}
        smtp = {"security": "starttls", "ca_secret": "CA", **self.LOGIN}
        with serving(starttls=identity.context) as server, pytest.raises(TransientError) as refused:
            sink(server, secrets=secrets, smtp=smtp).check()
        assert refused.value.code == "authentication"

    def test_from_the_first_byte(self, identity: Identity) -> None:
        with serving(tls=identity.context) as server:
            sink(server, secrets={"CA": identity.pem}, smtp={"security": "tls", "ca_secret": "CA"}).deliver(
                parcel(*RESULTS)
            )
            assert len(server.mails) == 1

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    def test_a_certificate_that_nobody_trusts_is_not_accepted(self, identity: Identity, security: str) -> None:
        context = {security: identity.context}
        with serving(**context) as server, pytest.raises(PermanentError) as refused:
            sink(server, smtp={"security": security}).deliver(parcel(*RESULTS))
        assert refused.value.code == "tls"
        assert server.envelopes == []

    @pytest.mark.parametrize("security", ["tls", "starttls"])
    def test_it_connects_to_the_address_that_was_looked_at_and_the_certificate_is_the_hosts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
    ) -> None:
        let_every_name_lead_here(monkeypatch)
        identity = make_identity(tmp_path, x509.DNSName("mail.invalid"))
        secrets = {"MAIL": "open sesame", "CA": identity.pem}
        login = self.LOGIN if security == "starttls" else {}
        for host, taken in (("mail.invalid", 1), ("other.invalid", 0)):
            smtp = {"host": host, "security": security, "ca_secret": "CA", **login}
            with serving(**{security: identity.context}) as server:
                opened = sink(server, secrets=secrets, smtp=smtp)
                with contextlib.suppress(PermanentError):
                    opened.deliver(parcel(*RESULTS))
                assert len(server.envelopes) == taken

    def test_it_does_not_go_on_without(self, server: MailServer) -> None:
        with pytest.raises(PermanentError, match="STARTTLS"):
            sink(server, smtp={"security": "starttls"}).deliver(parcel(*RESULTS))
        assert server.envelopes == []


def test_a_host_that_is_not_allowed_is_not_connected_to(server: MailServer, settings: Any) -> None:
    settings.JOBS_EGRESS_ALLOW = ()
    with pytest.raises(PermanentError, match="JOBS_EGRESS_ALLOW"):
        sink(server).deliver(parcel(*RESULTS))
    assert server.envelopes == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"from": "nobody"}, "expected an address"),
        ({"to": []}, "expected at least 1 entry"),
        ({"to": ["ann"]}, "expected one address"),
        ({"to": [""]}, "expected one address"),
        ({"cc": ["ann@example.com, bob@example.com"]}, "expected one address"),
        ({"bcc": ["ann@example.com; bob@example.com"]}, "expected one address"),
        ({"reply_to": ["Ann, <ann@example.com>"]}, "expected one address"),
        ({"subject": "{{ job. }}"}, "is no JMESPath expression"),
        ({"smtp": {"host": "a b"}}, "expected the name of a host"),
        ({"smtp": {"host": "a\0b"}}, "expected the name of a host"),
        ({"smtp": {"username": "me"}}, "go together"),
        ({"smtp": {"username": "me", "password_secret": "X"}}, "not sent without encryption"),
    ],
)
def test_what_is_wrong_is_told_when_it_is_saved(wrong: dict[str, Any], said: str) -> None:
    [error] = configuration_errors(kind="email", configuration=configuration(25, **wrong))
    assert said in error.message


@pytest.mark.django_db(transaction=True)
def test_the_example_of_the_page(identity: Identity) -> None:
    document = example("email")
    with serving(starttls=identity.context) as server:
        document["sinks"][0]["configuration"]["smtp"] |= {"host": "127.0.0.1", "port": server.port, "ca_secret": "CA"}
        surroundings(MAIL_PASSWORD="open sesame", CA=identity.pem)
        deliver_example(document)
        [mail] = server.mails
    delivery = Delivery.objects.get()
    assert (delivery.state, (delivery.receipt or {})["refused"]) == ("delivered", [])
    assert mail["Message-ID"] == f"<dlv_{delivery.pk}.acme@example.com>"
    assert mail["Subject"] == "task:monthly-report has succeeded"
    [attached] = mail.iter_attachments()
    assert [each["result"] for each in json.loads(attached.get_content())] == [{"n": 0}, {"n": 1}]
