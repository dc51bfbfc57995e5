import pytest
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.db.leases import CUTOFFS, PULL_WINDOWS, Lease, hold_row, hold_scope
from orderhub.db.windows import open_windows, request_range
from orderhub.errors import FencedError, LeaseTaken
from tests.builders import NOON, rows

EPOCH = "select epoch from ops.leases where scope = 'route'"


def expire(owner: Database) -> None:
    """Let time pass for a holder that is frozen: it renews nothing any more."""
    with owner.engine.begin() as connection:
        connection.execute(text("update ops.leases set expires_at = clock_timestamp() - interval '1 s'"))


def kill_holder(database: Database) -> None:
    """End the holder's server process from another session of the same role."""
    with database.session() as session:
        session.execute(
            text("select pg_terminate_backend(holder_pid, 5000) from ops.leases where scope = 'route'")
        )


def write(database: Database, lease: Lease, scope: str) -> None:
    with database.transaction(lease) as connection:
        connection.execute(text("insert into ops.leases (scope) values (:scope)"), {"scope": scope})


def test_second_holder_is_refused(database: Database):
    with (
        hold_scope(database, "route"),
        pytest.raises(LeaseTaken, match=r"^ops\.leases route: somebody else works on it now$"),
        hold_scope(database, "route"),
    ):
        pass


def test_scopes_do_not_hinder_each_other(database: Database):
    with hold_scope(database, "route"), hold_scope(database, "transform") as lease:
        assert lease.key == "transform"


def test_release_frees_and_the_epoch_grows(database: Database):
    epochs = []
    for _ in range(3):
        with hold_scope(database, "route") as lease:
            epochs.append(lease.epoch)

    assert epochs == [1, 2, 3]
    assert rows(database, "select expires_at, holder_pid, holder_start from ops.leases") == [
        (None, None, None)
    ]


def test_error_of_the_holder_releases(database: Database):
    with pytest.raises(ZeroDivisionError), hold_scope(database, "route"):
        raise ZeroDivisionError

    with hold_scope(database, "route") as lease:
        assert lease.epoch == 2


def test_killed_holder_is_replaced_at_once_and_its_end_is_quiet(database: Database):
    with hold_scope(database, "route") as killed:
        kill_holder(database)
        with hold_scope(database, "route") as successor:
            assert (killed.epoch, successor.epoch) == (1, 2)


def test_frozen_holder_is_fenced_after_its_time_and_leaves_nothing(database: Database, owner: Database):
    with hold_scope(database, "route") as frozen:
        expire(owner)
        with hold_scope(database, "route"):
            with pytest.raises(
                FencedError, match=r"^the lease on ops\.leases route was taken over; rolled back$"
            ):
                write(database, frozen, "late")
            assert rows(database, "select count(*) from ops.leases where scope = 'late'") == [(0,)]


def test_fenced_holder_does_not_release_its_successor(database: Database, owner: Database):
    with hold_scope(database, "route"):
        expire(owner)
        successor = hold_scope(database, "route")
        successor.__enter__()

    with pytest.raises(LeaseTaken), hold_scope(database, "route"):
        pass
    successor.__exit__(None, None, None)


def test_expired_holder_that_nobody_replaced_may_still_write(database: Database, owner: Database):
    with hold_scope(database, "route") as slow:
        expire(owner)
        write(database, slow, "late")

        assert rows(
            database, "select expires_at > clock_timestamp() from ops.leases where scope = 'route'"
        ) == [(True,)]


def test_transaction_renews_the_lease(database: Database, owner: Database):
    with hold_scope(database, "route") as lease:
        with owner.engine.begin() as connection:
            connection.execute(text("update ops.leases set expires_at = clock_timestamp() + interval '3 s'"))
        write(database, lease, "other")

        left = "select expires_at > clock_timestamp() + interval '80 s' from ops.leases where scope = 'route'"
        assert rows(database, left) == [(True,)]


def test_window_row_is_the_lease_of_its_pull(database: Database):
    request_range(
        database, FixedClock(NOON), platform="taobao", shop_id="tb", stream="orders", since=NOON.replace(hour=1),
        until=NOON, length=NOON - NOON.replace(hour=1), actor="test",
    )  # fmt: skip
    (window,) = open_windows(database, FixedClock(NOON), shop_id="tb", stream="orders", present=NOON)

    with hold_row(database, PULL_WINDOWS, window.window_id) as lease:
        with pytest.raises(LeaseTaken), hold_row(database, PULL_WINDOWS, window.window_id):
            pass
        with database.transaction(lease) as connection:
            connection.execute(text("update ops.pull_windows set attempts = 1"))

    assert rows(database, "select epoch, attempts, expires_at from ops.pull_windows") == [(1, 1, None)]


def test_row_that_does_not_exist_cannot_be_held(database: Database):
    with pytest.raises(LeaseTaken), hold_row(database, CUTOFFS, "hangzhou/never"):
        pass
