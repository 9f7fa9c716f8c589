"""The store: every rule of a job's life, concurrency, damage, and what is kept."""

import os
import sqlite3
import threading
import time

import pytest

from spa2v_core.errors import InputError
from spa2v_core.jobs.database import StoreError
from spa2v_core.jobs.job import Submission, Visitor
from spa2v_core.jobs.limits import Limits
from spa2v_core.jobs.store import JobStore, LimitError

ANN, BOB = Visitor("ann", "1.1.1.1"), Visitor("bob", "1.1.1.1")
LIMITS = Limits(at_once=3, at_once_address=5, per_hour=8)
MANY = Limits(at_once=2000, at_once_address=2000, at_once_all=2000, per_hour=2000)


@pytest.fixture
def store(tmp_path):
    opened = JobStore(tmp_path)
    yield opened
    opened.close()


def submit(store, who=ANN, digest=None, limits=Limits(), **more):  # noqa: B008 (frozen)
    new = Submission({"n": 1}, digest or os.urandom(4).hex(), "mini", 32.0)
    return store.submit(new, who, limits, **more)[0]


def state(store, job):
    return store.get(job.id).state


def test_jobs_run_in_order_and_end(store):
    first, second = submit(store), submit(store)
    job = store.claim("w")
    assert (job.id, job.state, job.tries, job.request) == (first.id, "running", 1, {"n": 1})
    assert store.progress(job.id, "w", done=0.5, text="Step 1", notes=["hm"])
    seen = store.get(job.id)
    assert (seen.done, seen.text, seen.notes) == (0.5, "Step 1", ("hm",))
    store.end(job.id, "w", "done", seconds={"denoise": 3.0, "export": 1.0}, size=7)
    assert state(store, first) == "done"
    assert store.get(first.id).bytes == 7
    assert store.claim("w").id == second.id
    assert store.claim("w") is None


def test_a_double_click_is_one_job_until_it_ends(store):
    job = submit(store, digest="same")
    assert submit(store, digest="same").id == job.id
    assert submit(store, BOB, digest="same").id != job.id
    store.claim("w")
    assert submit(store, digest="same").id == job.id
    store.cancel(job.id)  # it is stopping: a new click is meant
    assert submit(store, digest="same").id != job.id


def test_a_key_is_one_job_for_ever_and_of_one_owner(store):
    job = submit(store, key="k")
    store.claim("w")
    store.end(job.id, "w", "done")
    assert submit(store, key="k").id == job.id
    assert submit(store, BOB, key="k").id != job.id


def test_many_submits_and_claims_at_once_lose_and_double_nothing(tmp_path):
    stores = [JobStore(tmp_path) for _ in range(8)]
    made, claimed = [], []

    def submits(one):
        made.extend(submit(one, limits=MANY).id for _ in range(10))
        made.append(submit(one, digest="same", limits=MANY).id)

    def claims(one):
        while job := one.claim("w"):
            claimed.append(job.id)

    for work in (submits, claims):
        threads = [threading.Thread(target=work, args=(one,)) for one in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(made) == 88
    assert sorted(claimed) == sorted(set(made))
    assert len(claimed) == 81


def test_cancel(store):
    running, queued = submit(store), submit(store)
    store.claim("w")
    for job in (running, queued):
        store.cancel(job.id)
    assert state(store, queued) == "cancelled"
    assert state(store, running) == "running"
    assert not store.progress(running.id, "w", text="x")
    store.end(running.id, "w", "cancelled")
    store.cancel(running.id)
    assert state(store, running) == "cancelled"


def test_a_dead_worker_can_not_report(store):
    job = submit(store)
    store.claim("old")
    assert store.orphans("died", "old") == []
    store.claim("new")
    assert not store.progress(job.id, "old", done=0.9)
    store.end(job.id, "old", "done")
    assert store.get(job.id).done == 0
    assert state(store, job) == "running"


def test_an_orphan_is_tried_once_more_then_failed(store):
    job, other = submit(store), submit(store)
    store.claim("w")
    store.orphans("it died", "w")
    assert state(store, job) == "queued"
    assert store.claim("w").id == job.id  # in its old place
    assert store.orphans("it died", "w") == [job.id]
    assert (store.get(job.id).state, store.get(job.id).error) == ("failed", "it died")
    assert store.claim("w").id == other.id
    store.cancel(other.id)
    store.orphans("it died")
    assert state(store, other) == "cancelled"


def test_parking_is_no_try(store):
    job = submit(store)
    for _ in range(3):
        store.claim("w")
        store.park(job.id, "w")
    assert (state(store, job), store.get(job.id).tries) == ("queued", 0)
    store.claim("w")
    store.end(job.id, "w", "done")
    store.park(job.id, "w")
    assert state(store, job) == "done"


def test_own_jobs_change_places_and_no_others(store):
    mine = [submit(store), submit(store)]
    theirs = submit(store, BOB)
    mine.append(submit(store))
    store.move(mine[2].id, -1)
    store.move(mine[0].id, -1)  # already first
    order = [store.claim("w").id for _ in range(4)]
    assert order == [mine[0].id, mine[2].id, theirs.id, mine[1].id]


def test_place_and_time_come_from_measured_steps(store):
    first, second = submit(store), submit(store)
    assert store.wait(second) == (1, None)  # nothing was measured yet
    store.claim("w")
    store.end(first.id, "w", "done", seconds={"denoise": 3.2, "export": 1.0})
    third = submit(store)
    assert store.wait(second) == (0, pytest.approx(4.2))
    assert store.wait(third) == (1, pytest.approx(8.4))
    store.claim("w")
    store.progress(second.id, "w", remaining_s=2.0)
    assert store.wait(third) == (1, pytest.approx(6.2))
    assert store.wait(store.get(second.id)) == (0, 2.0)


def test_limits_say_what_to_do(store):
    for _ in range(3):
        submit(store, limits=LIMITS)
    with pytest.raises(LimitError, match="you have 3 renders waiting: wait for one or cancel"):
        submit(store, limits=LIMITS)
    for _ in range(2):
        submit(store, BOB, limits=LIMITS)
    with pytest.raises(LimitError, match="of your network"):
        submit(store, BOB, limits=LIMITS)
    with pytest.raises(LimitError, match="all this app takes"):
        submit(store, Visitor("eve", "2.2.2.2"), limits=Limits(at_once_all=5))
    for _ in range(5):
        job = store.claim("w")
        store.end(job.id, "w", "done")
    for _ in range(5):
        store.cancel(submit(store, limits=LIMITS).id)
    with pytest.raises(LimitError, match="this hour"):
        submit(store, limits=LIMITS)


def test_what_is_spent_is_counted_for_an_hour(store):
    assert store.spend("ann", "tokens", 60, 100)
    assert not store.spend("ann", "tokens", 60, 100)
    assert store.spend("ann", "tokens", 40, 100)
    assert store.spend("bob", "tokens", 60, 100)
    assert store.spend("ann", "upload", 60, 100)


def finished(store, size=10, who=ANN):
    job = submit(store, who)
    job.folder.mkdir(parents=True)
    store.claim("w")
    store.end(job.id, "w", "done", size=size)
    return job


def test_only_a_link_opens_a_job_and_it_can_be_ended(store):
    job = finished(store)
    assert store.shared("") is None
    share = store.set_shared(job.id, True)
    assert store.set_shared(job.id, True) == share  # links that were sent stay good
    assert share not in (job.id, job.folder.name)
    assert store.shared(share).id == job.id
    assert store.get(share) is None
    store.set_shared(job.id, False)
    assert store.shared(share) is None


def test_deleting_removes_the_files_and_what_runs_stays(store):
    job, running = finished(store), submit(store)
    store.claim("w")
    store.delete(job.id)
    assert store.get(job.id) is None
    assert not job.folder.exists()
    with pytest.raises(InputError, match="cancel it first"):
        store.delete(running.id)


def test_age_and_size_are_limited(store):
    old, *rest = [finished(store) for _ in range(4)]
    theirs = finished(store, who=BOB)
    leftover, fresh = store.takes / "leftover", store.takes / "fresh"
    for folder in (leftover, fresh):
        folder.mkdir()
    os.utime(leftover, (0, 0))
    assert store.sweep(Limits(takes=3)) == 1
    assert not old.folder.exists()
    assert not leftover.exists()
    assert fresh.exists()
    assert store.sweep(Limits(keep_bytes=25)) == 2  # of the newest, 20 bytes
    assert [job.id for job in store.of("ann")] == [rest[-1].id]
    assert store.sweep(Limits(keep_s=60)) == 0
    time.sleep(0.01)
    assert store.sweep(Limits(keep_s=0.005)) == 2
    assert not theirs.folder.exists()


def test_a_damaged_store_is_moved_aside(tmp_path, caplog):
    JobStore(tmp_path).close()
    whole = (tmp_path / "jobs.db").read_bytes()
    for harm in (b"no database" * 500, whole[:5000], whole[:4096] + b"\xff" * (len(whole) - 4096)):
        (tmp_path / "jobs.db").write_bytes(harm)
        store = JobStore(tmp_path)
        submit(store)
        store.close()
    assert len(list(tmp_path.glob("jobs.damaged-*.db"))) >= 1
    assert "store unusable" in caplog.text


def test_another_version_is_moved_aside(tmp_path):
    JobStore(tmp_path).close()
    with sqlite3.connect(tmp_path / "jobs.db") as db:
        db.execute("pragma user_version = 99")
    JobStore(tmp_path).close()
    assert list(tmp_path.glob("jobs.damaged-*.db"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_can_not_be_written_is_said(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="SPA2V_HOME"):
        JobStore(tmp_path)


def test_a_full_disk_is_one_line_and_it_goes_on_afterwards(store):
    job = submit(store)
    store._db.rows("pragma max_page_count = 1")  # SQLite's own limit acts like a full disk
    pages = store._db.rows("pragma page_count")[0][0]
    store._db.rows(f"pragma max_page_count = {pages}")
    with pytest.raises(StoreError, match="disk of this app is full"):
        for _ in range(1000):
            submit(store, limits=MANY)
    store._db.rows("pragma max_page_count = 100000")
    assert store.claim("w").id == job.id
