"""Topics and their versions, for threads and for pages that follow."""

import asyncio
import threading

from reconcile.bulletin import Bulletin, Changes


def test_a_topic_published_is_seen_by_who_asks_from_before() -> None:
    bulletin = Bulletin()
    before = bulletin.version
    assert bulletin.publish("findings", "presence") == before + 1
    assert bulletin.changes(None, before) == Changes(1, frozenset({"findings", "presence"}))
    assert bulletin.changes({"findings"}, before) == Changes(1, frozenset({"findings"}))
    assert bulletin.changes({"readers"}, before) == Changes(1, frozenset())
    assert bulletin.changes(None, 1) == Changes(1, frozenset())
    assert bulletin.publish() == 1


def test_waiting_ends_with_a_topic_of_ones_own_or_the_time() -> None:
    bulletin = Bulletin()
    assert bulletin.wait({"findings"}, 0, 0.01) == Changes(0, frozenset())
    seen: list[Changes] = []
    waiting = threading.Thread(target=lambda: seen.append(bulletin.wait({"findings"}, 0, 60)))
    waiting.start()
    bulletin.publish("readers")
    bulletin.publish("findings")
    waiting.join()
    assert seen[0].topics == {"findings"}


def test_nothing_is_missed_by_many_threads() -> None:
    bulletin = Bulletin()
    threads = [threading.Thread(target=lambda n=n: [bulletin.publish(f"t{n}") for _ in range(100)]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bulletin.version == 400
    assert bulletin.changes(None, 0).topics == {"t0", "t1", "t2", "t3"}


def test_a_follower_is_told_from_another_thread() -> None:
    bulletin = Bulletin()

    async def follow() -> list[Changes]:
        told = []
        following = bulletin.follow({"findings", "presence"}, pace_seconds=0)
        asyncio.get_running_loop().call_later(0.02, lambda: threading.Thread(target=publish).start())
        async for changes in following:
            told.append(changes)
            if "presence" in changes.topics:
                break
        await following.aclose()
        return told

    def publish() -> None:
        bulletin.publish("readers")
        bulletin.publish("findings")
        bulletin.publish("presence")

    told = asyncio.run(follow())
    assert frozenset().union(*(changes.topics for changes in told)) == {"findings", "presence"}
    assert not bulletin._listeners


def test_changes_soon_after_each_other_are_told_together() -> None:
    bulletin = Bulletin()
    bulletin.publish("a")

    async def follow() -> list[frozenset[str]]:
        following = bulletin.follow(since_version=0, pace_seconds=0.05)
        first = await anext(following)
        for _ in range(20):
            bulletin.publish("b")
        bulletin.publish("c")
        second = await anext(following)
        await following.aclose()
        return [first.topics, second.topics]

    assert asyncio.run(follow()) == [{"a"}, {"b", "c"}]


def test_a_heartbeat_where_nothing_changes() -> None:
    bulletin = Bulletin()

    async def follow() -> Changes:
        following = bulletin.follow(heartbeat_seconds=0.01)
        beat = await anext(following)
        await following.aclose()
        return beat

    assert asyncio.run(follow()) == Changes(0, frozenset())


def test_a_follower_whose_loop_is_gone_is_forgotten() -> None:
    bulletin = Bulletin()
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        # As when a server is torn down: the listener registered, and nobody closed it.
        following = bulletin.follow(pace_seconds=0)
        task = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0)
        wakes = list(bulletin._listeners.values())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        bulletin._listeners.update(enumerate(wakes, 1))

    loop.run_until_complete(begin())
    loop.close()
    assert bulletin._listeners
    bulletin.publish("findings")
    assert not bulletin._listeners
