"""A day's edition: who is in, who is out and why, and that nothing but the facts decides it."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.model.codec import edition_from_json, edition_to_json
from newsletter.model.edition import Edition, LeftOut, Pick, Topic
from newsletter.model.paper import Candidate, Paper, Reading
from newsletter.rank.explain import explain_paper
from newsletter.rank.settings import RankSettings
from tests.support.ranking import ASOF, DAY, MIDNIGHT, candidate, paper, print_day

ROBOTS = Topic(slug="robots", name="Robots", query="robot manipulation", top=2)
THOUGHT = Topic(slug="thought", name="Thought", keywords=('"chain of thought"',), top=2)
WEEK = DAY - timedelta(days=3)
TODAY = tuple(candidate(paper(n), upvotes=(n * 7) % 31, hours=6 + n % 5) for n in range(30))


def ids(pool: object) -> list[str]:
    return [pick.paper_id for pick in pool.picks]  # type: ignore[attr-defined]


@settings(max_examples=12, deadline=None)
@given(st.permutations(TODAY))
def test_the_order_of_the_input_changes_no_byte_of_the_edition(shuffled: list[Candidate]) -> None:
    assert edition_to_json(print_day(shuffled, ROBOTS, THOUGHT)) == edition_to_json(print_day(TODAY, ROBOTS, THOUGHT))


def test_an_edition_can_be_written_down_and_read_back() -> None:
    printed = print_day(TODAY, ROBOTS, THOUGHT)

    assert edition_from_json(edition_to_json(printed)) == printed


def test_without_topics_the_reader_gets_one_pool_of_what_trends() -> None:
    printed = print_day(TODAY)

    assert [(pool.slug, pool.name) for pool in printed.pools] == [("trending", "Trending")]
    assert printed.pools[0].picks[0].paper_id == max(TODAY, key=lambda c: c.readings[0].value).paper.id


def test_without_topics_and_votes_each_paper_says_how_new_it_is_and_whether_votes_are_to_be_expected() -> None:
    fresh, old = ([candidate(paper(n), day=day) for n in some] for day, some in [(DAY, range(9)), (WEEK, range(9, 12))])

    picks = print_day([*fresh, *old], settings=RankSettings(lookback=timedelta(days=9))).pools[0].picks

    said = {pick.paper_id: pick.why for pick in picks}
    expected = {pick.paper_id: float(pick.score.parts[0].detail.split()[-2]) for pick in picks}
    promising = {one for one in said if expected[one] > 0}
    assert 0 < len(promising) < len(said) == 12
    for one, why in said.items():
        since = "Listed 20 hours ago; " if int(one[5:]) < 9 else "Listed 4 days ago; "
        assert why == f"{since}{'resembles papers that get votes; ' * (one in promising)}no votes yet."


def test_papers_that_match_a_topic_in_nothing_that_can_be_named_say_that_they_are_among_the_nearest_to_it() -> None:
    agents = Topic(slug="agents", name="Agents", query="embodied agents", top=2)

    picks = print_day([candidate(paper(6 * n)) for n in range(8)], agents).pools[0].picks

    assert [pick.why for pick in picks] == [
        "Is among the nearest to the topic; no votes yet.",
        "Is close to the topic in meaning; no votes yet.",
        "Is close to the topic in meaning; no votes yet.",
    ]


def test_a_topic_gets_its_own_papers_and_each_says_why() -> None:
    printed = print_day(TODAY, ROBOTS)
    first = printed.pools[0].picks[0]

    assert {int(i[5:]) % 6 for i in ids(printed.pools[0])} == {0}
    assert "“manipulation”" in first.why
    assert "upvote" in first.why


def test_a_quoted_keyword_is_a_phrase() -> None:
    apart = candidate(paper(40, abstract="A chain was thought of, and a thought of a chain of people came to us." * 2))
    printed = print_day([*TODAY, apart], THOUGHT)

    assert {int(i[5:]) % 6 for i in ids(printed.pools[0])} == {1}
    assert apart.paper.id not in ids(printed.pools[0])
    assert all("“chain of thought”" in pick.why for pick in printed.pools[0].picks)


def test_the_parts_of_every_score_are_named_and_sum_to_its_total() -> None:
    for pick in print_day(TODAY, ROBOTS, THOUGHT).pools[0].picks:
        names = [part.name for part in pick.score.parts]
        assert names == ["words", "meaning", "trend", "age"]
        assert pick.score.total == sum(part.value for part in pick.score.parts)
        assert all(round(part.value, 6) == part.value for part in pick.score.parts)


def test_every_candidate_is_picked_or_left_out_with_a_reason() -> None:
    printed = print_day(TODAY, ROBOTS, THOUGHT)
    picked = {i for pool in printed.pools for i in ids(pool)}

    assert {c.paper.id for c in TODAY} - picked <= {out.paper_id for out in printed.left_out}
    assert all(out.reason for out in printed.left_out)
    assert {card.paper.id for card in printed.cards} == picked


def test_an_excluded_word_keeps_a_paper_out_and_is_named() -> None:
    survey = candidate(paper(36, "A survey of robot manipulation"), upvotes=90)
    topic = Topic(slug="robots", name="Robots", query="robot manipulation", exclude=("survey",))
    printed = print_day([*TODAY, survey], topic)

    assert survey.paper.id not in ids(printed.pools[0])
    assert LeftOut(survey.paper.id, "robots", 'excluded by "survey"') in printed.left_out


def test_what_was_featured_is_never_featured_again() -> None:
    first = print_day(TODAY).pools[0].picks[0].paper_id
    printed = print_day(TODAY, featured=frozenset({first}))

    assert first not in ids(printed.pools[0])
    assert LeftOut(first, "", "featured in an earlier edition already") in printed.left_out


def test_a_paper_older_than_the_lookback_stays_out_unless_it_rises() -> None:
    old, late = paper(51), paper(52)
    week_ago = DAY - timedelta(days=6)
    sleeper = candidate(late, upvotes=3, day=week_ago)
    rising = Candidate(
        late,
        sleeper.first_seen,
        sleeper.listings,
        (*sleeper.readings, Reading(late.id, "huggingface.upvotes", 80, MIDNIGHT + timedelta(hours=10))),
    )
    printed = print_day([*TODAY, candidate(old, upvotes=90, day=week_ago), rising])
    bloomer = next(pick for pick in printed.pools[0].picks if pick.paper_id == late.id)

    assert LeftOut(old.id, "", "too old: listed more than 72 hours ago and not rising") in printed.left_out
    assert bloomer.marks == ("late-bloomer",)
    assert "gained 77 votes in the last two days" in bloomer.why


def test_a_category_an_author_and_an_organisation_bring_a_paper_in() -> None:
    chosen = paper(60, categories=("econ.GN",), authors=("Ana María Lópezová", "Z. Last"), organization="Open Lab")
    for topic, said in (
        (Topic(slug="t", name="T", categories=("econ",)), "Is in econ.GN"),
        (Topic(slug="t", name="T", authors=("Lopezova, Ana Maria",)), "By Ana María Lópezová, whom this topic follows"),
        (Topic(slug="t", name="T", organizations=("open lab",)), "From Open Lab, which this topic follows"),
    ):
        printed = print_day([*TODAY, candidate(chosen)], topic)
        assert ids(printed.pools[0]) == [chosen.id]
        assert printed.pools[0].picks[0].why.startswith(said)


def test_a_seed_paper_brings_papers_like_it_and_not_itself() -> None:
    topic = Topic(slug="like", name="Like", papers=(TODAY[2].paper.id,), papers_not=(TODAY[3].paper.id,), top=3)
    printed = print_day(TODAY, topic)

    assert {int(i[5:]) % 6 for i in ids(printed.pools[0])[:3]} == {2}
    assert TODAY[2].paper.id not in ids(printed.pools[0])
    assert f"is like “{TODAY[2].paper.title}”" in printed.pools[0].picks[0].why.replace("Is", "is")


def test_a_paper_under_two_ids_is_shown_once() -> None:
    one = candidate(paper(70, "The very same paper about robot manipulation"), upvotes=50)
    twin = candidate(paper(71, "The very same paper about Robot-Manipulation"), upvotes=3)
    printed = print_day([*TODAY, twin, one], ROBOTS)

    assert one.paper.id in ids(printed.pools[0])
    assert LeftOut(twin.paper.id, "robots", f"duplicate of {one.paper.id}") in printed.left_out


def test_one_lab_does_not_fill_the_list() -> None:
    crowd = [
        candidate(paper(n, authors=(f"A {n}", "The Boss"), title=f"Big {n}"), upvotes=200 + n) for n in range(80, 90)
    ]
    printed = print_day([*TODAY, *crowd])
    by_boss = [i for i in ids(printed.pools[0])[:10] if int(i[5:]) >= 80]

    assert len(by_boss) == 2


def test_the_newer_of_two_equal_papers_comes_first() -> None:
    older = candidate(paper(91, "Same words here alpha"), day=DAY - timedelta(days=1), source="feed:x")
    newer = candidate(paper(92, "Same words here beta"), source="feed:x")
    flat = RankSettings(mmr=1.0, dense=False)

    assert ids(print_day([older, newer], settings=flat).pools[0]) == [newer.paper.id, older.paper.id]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=200), st.text(max_size=20), st.floats()), max_size=5))
def test_no_paper_however_odd_stops_the_edition(rows: list[tuple[str, str, str, float]]) -> None:
    odd = [
        candidate(paper(100 + n).__class__(id=f"x{n}", title=title, abstract=text, authors=(name,)), upvotes=value)
        for n, (title, text, name, value) in enumerate(rows)
    ]
    topic = Topic(slug="odd", name="Odd", query="robot", exclude=("\\", "(", ""), authors=("", ","), categories=("",))
    printed = print_day([*TODAY[:5], *odd], topic, THOUGHT)

    assert edition_from_json(edition_to_json(printed)) == printed


def test_a_hundred_thousand_characters_cost_nobody_else_their_place() -> None:
    monster = Paper(
        id="big", title="robot " * 16_700, abstract="manipulation\x00\u202e" * 8_000, authors=("x" * 100_000,)
    )
    empty = Paper(id="empty", title="")
    printed = print_day([*TODAY, candidate(monster, upvotes=1), candidate(empty)], ROBOTS)

    assert LeftOut("empty", "", "it has no title") in printed.left_out
    assert len([i for i in ids(printed.pools[0]) if i.startswith("2611.")]) >= 4
    assert all(len(pick.why) < 1_000 for pick in printed.pools[0].picks)


def test_a_day_without_papers_is_an_edition_without_picks() -> None:
    printed = print_day([], ROBOTS)

    assert [(pool.slug, pool.picks) for pool in printed.pools] == [("robots", ())]


def test_words_alone_do_without_the_text_model() -> None:
    printed = print_day(TODAY, ROBOTS, settings=RankSettings(dense=False))

    assert [part.name for part in printed.pools[0].picks[0].score.parts] == ["words", "trend", "age"]


def test_an_explanation_has_the_place_the_parts_and_their_sum() -> None:
    printed = print_day(TODAY, ROBOTS)
    pick = printed.pools[0].picks[0]
    lines = explain_paper(printed, pick.paper_id)

    assert lines[0] == f"Robots: place 1 of {len(printed.pools[0].picks)}, shown"
    assert lines[1].strip() == pick.why
    assert lines[-1] == f"  {pick.score.total:+8.3f}  total"
    assert explain_paper(printed, "nobody") == ("nobody was not a candidate of the edition of 2026-11-20",)
    assert explain_paper(printed, "2611.00003")[0].startswith("Robots: left out, below the gate")


def test_a_paper_that_is_in_one_topic_says_why_it_is_not_in_the_others() -> None:
    bees = Topic(slug="bees", name="Bees", query="the waggle dance of honey bees", top=3)
    printed = print_day(TODAY, ROBOTS, bees)
    pick = printed.pools[0].picks[0]

    assert explain_paper(printed, pick.paper_id)[-1] == "Bees: left out, below the gate: too far from this topic"
    assert explain_paper(printed, "2611.00003") == (
        "Bees: left out, below the gate: too far from every topic, this one the nearest",
    )


def test_what_was_seen_later_is_not_in_an_earlier_day() -> None:
    tomorrow = candidate(paper(99), upvotes=500, day=date(2026, 11, 21))
    printed = print_day([*TODAY, tomorrow])

    assert tomorrow.paper.id not in ids(printed.pools[0])
    assert printed.printed_at == ASOF


def test_a_topic_of_one_author_fills_up_from_what_a_cap_kept_out_and_says_so() -> None:
    hers = [candidate(paper(n, authors=("The Lab",)), upvotes=20 - n, hours=6) for n in range(5)]
    printed = print_day(hers, settings=RankSettings(depth=1))

    said = [pick.why.partition("; fills up the topic, though ")[2] for pick in shown(printed)]
    assert said == [
        "",
        "",
        "two papers of the last author The Lab are in already.",
        "three papers of the last author The Lab are in already.",
        "four papers of the last author The Lab are in already.",
    ]


def test_a_cap_is_named_as_the_reason_only_where_it_was_the_reason() -> None:
    hers = [candidate(paper(n, authors=("Ada Lovelace",)), upvotes=90 - 5 * n, hours=6) for n in range(4)]
    others = [candidate(paper(n), upvotes=30 - n, hours=6) for n in range(10, 18)]
    poor = candidate(paper(50, authors=("Ada Lovelace",)), upvotes=0, hours=6)
    printed = print_day(
        [*hers, *others, poor], Topic(slug="trending", name="Trending", top=4), settings=RankSettings(depth=1)
    )
    why = {out.paper_id: out.reason for out in printed.left_out}

    assert [i for i in ids(printed.pools[0]) if i in {one.paper.id for one in hers}] == [
        one.paper.id for one in hers[:2]
    ]
    assert (
        why[hers[2].paper.id]
        == why[hers[3].paper.id]
        == "capped: two papers of the last author Ada Lovelace are in already"
    )
    assert why[poor.paper.id] == "not among the best 4 of 13 that fit"


def test_a_pool_that_a_cap_ended_says_the_cap() -> None:
    hers = [candidate(paper(n, authors=("Ada Lovelace",)), upvotes=90 - n, hours=6) for n in range(8)]
    printed = print_day(hers, Topic(slug="trending", name="Trending", top=3))
    reasons = {out.reason for out in printed.left_out}

    assert len(ids(printed.pools[0])) == 4
    assert reasons == {"capped: four papers of the last author Ada Lovelace are in already"}


def shown(printed: Edition) -> list[Pick]:
    return [pick for pool in printed.pools for pick in pool.shown]


def test_a_day_without_the_topic_shows_nothing_rather_than_what_came_nearest() -> None:
    day = [candidate(paper(number)) for number in range(60)]
    topic = Topic(slug="law", name="Law", query="court rulings, contract law and legal judgment prediction for judges")

    assert print_day(day, topic).pools[0].picks == ()


def test_a_common_word_of_a_broad_topic_is_no_evidence_where_the_paper_means_something_else() -> None:
    text = "Clinical notes of patients are coded by hand. We classify them by disease, and tried distillation once."
    other = paper(70, "Codes for the notes of doctors and nurses", text)
    day = [*(candidate(paper(number)) for number in range(60)), candidate(other)]
    query = "faster sampling of diffusion models: few-step generation of images and video, solvers"
    topic = Topic(slug="fast", name="Fast sampling", query=query, keywords=("distillation",), top=20)
    narrow = Topic(slug="word", name="Word", keywords=("distillation",), top=20)

    pools = print_day(day, topic, narrow).pools
    assert other.id not in [pick.paper_id for pick in pools[0].picks]
    assert other.id in [pick.paper_id for pick in pools[1].picks]


def test_a_vote_that_nobody_gave_is_no_reason() -> None:
    pool = print_day([candidate(paper(number), upvotes=number % 2) for number in range(30)]).pools[0]

    for pick in pool.picks:
        votes = int(pick.paper_id[-2:]) % 2
        assert ("1 upvote after" in pick.why) == bool(votes)
        assert "0 upvotes" not in pick.why
        assert "no votes yet" not in pick.why.lower()
