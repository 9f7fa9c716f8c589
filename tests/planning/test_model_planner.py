"""Planning by models, against real SDKs and loopback servers."""

import base64
import json
import re
from dataclasses import replace

import pytest

from spa2v_core.audio.hearing import to_dict
from spa2v_core.errors import InputError, PlannerError
from spa2v_core.layout import motion_category
from spa2v_core.planning import cache, prompt, retrieval
from spa2v_core.planning.registry import options_for
from tests.strategies import with_track

from .asking import GOOD, KEY, plan_by, request_for
from .servers import Script, chat, serving
from .test_reply import plan, text


def test_a_plan_comes_back_with_all_that_was_told(recording):
    script = Script(chat(GOOD))
    with serving(script) as url:
        made = plan_by(recording, url, hint="it is a tram")
    assert [t.name for t in made.layout.objects] == ["car"]
    assert motion_category(made.layout.objects[0], 16) == "crossing_right"
    (asked,) = script.requests
    roles = [message["role"] for message in asked["messages"]]
    assert roles == ["system", *["user", "assistant"] * 3, "user"]
    assert asked["temperature"] == 0.5
    assert asked["response_format"]["json_schema"]["strict"]
    last = asked["messages"][-1]["content"]
    assert "it is a tram" in last[0]["text"]
    assert "right minus left" in last[0]["text"]
    sound = base64.b64decode(last[2]["input_audio"]["data"])
    assert sound[:4] == b"RIFF"
    assert len(sound) == pytest.approx(2 * 16_000 * 4, rel=0.02)
    report = made.report
    assert len(report.exemplars) == 3
    assert (report.tokens_in, report.tokens_out, report.model) == (1000, 200, "tiny-audio")
    assert report.cost({"tiny": (1.0, 5.0)}) == pytest.approx(0.002)
    assert report.cost({}) is None
    assert report.conversation[-1] == ("assistant", GOOD)
    assert "kB of WAV" in report.conversation[-2][1]


def test_without_sound_the_recording_stays_here(recording):
    script = Script(chat(GOOD))
    with serving(script) as url:
        made = plan_by(recording, url, sound=False)
        with pytest.raises(InputError, match="must be told what was measured"):
            plan_by(recording, url, sound=False, cue_table=False)
    (asked,) = script.requests
    assert all(isinstance(message["content"], str) for message in asked["messages"])
    assert "input_audio" not in json.dumps(asked)
    assert "You don't hear the recording" in asked["messages"][0]["content"]
    assert "position: " in asked["messages"][-1]["content"]
    assert any("the recording stayed here" in note for note in made.report.notes)
    assert motion_category(made.layout.objects[0], 16) == "crossing_right"


def test_an_object_where_it_is_heard_agrees_and_one_elsewhere_does_not(recording):
    wrong = text(plan(box=lambda k, _: [0.8 - 0.05 * k, 0.4, 1 - 0.05 * k, 0.7]))
    with serving(Script(chat(GOOD), chat(wrong))) as url:
        right, left = (plan_by(recording, url, reuse=False).layout for _ in range(2))
    assert right.objects[0].confidence > 0.75
    assert left.objects[0].confidence < right.objects[0].confidence - 0.3


def test_a_broken_reply_is_sent_back_once_with_what_is_wrong(recording):
    script = Script(chat("I hear a car."), chat(f"```json\n{GOOD}\n```"))
    with serving(script) as url:
        made = plan_by(recording, url)
    assert made.layout.objects
    told = script.requests[1]["messages"]
    assert told[-2] == {"role": "assistant", "content": "I hear a car."}
    assert "no JSON" in told[-1]["content"]
    assert any("asked again" in note for note in made.report.notes)
    assert any("text around" in note for note in made.report.notes)
    assert made.report.tokens_in == 2000


def test_two_broken_replies_are_an_error_or_the_offline_plan_with_a_notice(recording):
    with serving(Script(chat("no"))) as url:
        with pytest.raises(PlannerError, match="even when told why"):
            plan_by(recording, url)
        made = plan_by(recording, url, fall_back=True, objects=("car",))
    assert made.layout.objects[0].name == "car"
    assert any("offline plan is shown" in note for note in made.report.notes)


def test_a_change_in_words_edits_the_layout_and_leaves_what_is_locked(recording):
    changed = text(plan(names=("car", "dog"), box=lambda k, i: [0.6 * i, 0.1, 0.6 * i + 0.3, 0.5]))
    script = Script(chat(GOOD), chat(changed))
    with serving(script) as url:
        first = plan_by(recording, url).layout
        current = with_track(first, 0, locked=True)
        made = plan_by(recording, url, current=current, change="add a dog on the right")
    assert {t.name for t in made.layout.objects} == {"car", "dog"}
    assert made.layout.track(0) == current.track(0)
    told = script.requests[1]["messages"]
    assert told[-2]["role"] == "assistant"
    assert "add a dog on the right" in told[-1]["content"]
    assert "car (id 0)" in told[-1]["content"]


def test_a_change_in_words_keeps_the_picture_of_what_is_still_there(recording):
    for name, picture in (("car", "mine.png"), ("bus", "")):
        script = Script(chat(GOOD), chat(text(plan(names=(name,)))))
        with serving(script) as url:
            current = with_track(plan_by(recording, url).layout, 0, reference="mine.png")
            assert current.track(0).name == "car"
            made = plan_by(recording, url, current=current, change="make it better", reuse=False)
        assert [(t.name, t.reference) for t in made.layout.objects] == [(name, picture)]


def test_the_same_request_is_not_paid_for_twice(recording, own_cache):
    script = Script(chat(GOOD))
    with serving(script) as url:
        first = plan_by(recording, url).layout
        again = plan_by(recording, url, key="another")
        assert again.layout == first
        assert len(script.requests) == 1
        assert again.report.reused
        assert again.report.cost({"tiny": (1, 1)}) == 0
        plan_by(recording, url, reuse=False)
        plan_by(recording, url, hint="a tram")
    assert len(script.requests) == 3
    kept = b"".join(path.read_bytes() for path in own_cache.rglob("*") if path.is_file())
    assert kept
    assert KEY.encode() not in kept


def test_exemplars_cover_every_motion_and_nearest_are_alike(recording):
    shown = retrieval.exemplars()
    assert len(shown) >= 60
    assert sum(len(e.layout.objects) > 1 for e in shown) >= 16
    kinds = {motion_category(e.layout.objects[0], e.layout.frame_count) for e in shown}
    assert len(kinds) == 7
    assert retrieval.DATABASE.stat().st_size < 3_000_000
    found = retrieval.nearest(to_dict(recording[1], recording[2]), 3, shown)
    motions = [motion_category(e.layout.objects[0], e.layout.frame_count) for e in found]
    assert motions.count("crossing_right") >= 2
    alike = 0
    for one in shown:
        near = retrieval.nearest(one.cues, 1, [e for e in shown if e is not one])[0]
        alike += motion_category(near.layout.objects[0], 16) == motion_category(
            one.layout.objects[0], 16
        )
    assert alike / len(shown) > 0.5


def test_random_shots_depend_on_the_seed_alone(recording):
    shown = retrieval.exemplars()
    cues = to_dict(recording[1], recording[2])
    one, same, other = (retrieval.nearest(cues, 3, shown, seed=s) for s in (1, 1, 2))
    assert one == same != other


def test_an_approved_layout_becomes_an_exemplar_and_is_found(recording, tmp_path):
    cues = to_dict(recording[1], recording[2])
    layout = retrieval.exemplars()[0].layout
    path = tmp_path / "mine.json"
    for _ in range(2):
        retrieval.add(path, retrieval.Exemplar("mine", cues, layout))
    among = retrieval.exemplars(path)
    assert sum(e.name == "mine" for e in among) == 1
    assert retrieval.nearest(cues, 3, among)[-1].name == "mine"
    path.write_text("{}")
    with pytest.raises(InputError, match="database"):
        retrieval.read(path)


def test_ablations_change_what_is_told(recording):
    script = Script(chat(GOOD))
    with serving(script) as url:
        for options in (
            {"shots": 0},
            {"cue_table": False},
            {"reasoning": False},
            {"tags": False},
            {"guesses": 1},
        ):
            plan_by(recording, url, **options)
    none, no_table, no_reasons, no_tags, one_guess = (
        [m["content"] if isinstance(m["content"], str) else m["content"][0]["text"] for m in told]
        for told in (asked["messages"] for asked in script.requests)
    )
    assert len(none) == 2
    assert not any("level dB" in text for text in no_table)
    assert any("level dB" in text for text in no_reasons)
    assert 'Leave "reasoning" empty' in no_reasons[0]
    assert json.loads(no_reasons[2])["reasoning"] == ""
    assert any("sounds like" in text for text in no_table)
    assert not any("sounds like" in text for text in no_tags)
    guesses = [g for text in one_guess for g in re.findall(r"sounds like ([^(;]*)", text)]
    assert guesses
    assert not any("," in guess for guess in guesses)


def test_options_do_not_show_the_key(recording):
    request = request_for(recording)
    assert request.options.key == KEY
    assert KEY not in repr(request.options)


def test_the_prompt_is_text_a_person_can_read():
    message = prompt.system(16, 6.1)
    assert "$" not in message.text
    assert "16 frames, 0 to 15" in message.text
    assert "mixed to one channel" in message.text
    assert "You don't hear" in prompt.system(16, 6.1, hears=False).text


def test_the_command_line_plans_with_a_model(tmp_path, capsys, monkeypatch):
    from spa2v_core import cli

    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    clip = "assets/examples/car_crossing.m4a"
    prices, out = tmp_path / "prices.json", tmp_path / "layout.json"
    prices.write_text('{"tiny-audio": [2, 10]}')
    changed = text(plan(names=("car", "dog"), box=lambda k, i: [0.6 * i, 0.1, 0.6 * i + 0.3, 0.5]))
    script = Script(chat(GOOD), chat(changed))
    with serving(script) as url:
        options = ["--planner", "openai", "--endpoint", f"{url}/v1", "--prices", str(prices)]
        assert cli.main(["plan", clip, *options, "--out", str(out)]) == 0
        told = capsys.readouterr().err
        assert "planned car: crossing right" in told
        assert "1000 tokens in, 200 out, 0.0040 by the price table" in told
        more = ["--current", str(out), "--change", "add a dog"]
        assert cli.main(["plan", clip, *options, *more, "--out", str(out)]) == 0
        assert "planned dog" in capsys.readouterr().err
        assert cli.main(["plan", clip, *options, "--change", "x", "--out", str(out)]) == 2
        prices.write_text("[]")
        assert cli.main(["plan", clip, *options, "--out", str(out)]) == 2
        assert "price table" in capsys.readouterr().err
    assert KEY not in told


def test_ablations_make_the_papers_table(tmp_path, capsys, monkeypatch):
    from spa2v_core import cli
    from spa2v_core.simulation.scenes import scene_set, synthesised_sounds, write_scenes

    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    write_scenes(tmp_path / "set", (scene for _, scene in scene_set(synthesised_sounds(), 3, 3)))
    command = ["evaluate-planners", "--set", str(tmp_path / "set")]
    assert cli.main([*command, "--named"]) == 0
    offline = capsys.readouterr().out
    script = Script(chat(GOOD))
    with serving(script) as url:
        options = ["--planner", "openai", "--endpoint", f"{url}/v1", "--ablations"]
        assert cli.main([*command, *options]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == offline.splitlines()[0].split()
    assert "MaxIoU (stat.)" in head
    assert len(rows) == 11
    assert {row.strip().split("  ")[0] for row in rows} >= {"no sound", "no tags", "one guess"}
    shown = {len(asked["messages"]) for asked in script.requests}
    assert shown == {2, 4, 6, 8}
    with serving(Script(chat("no"))) as url:
        options = ["--planner", "openai", "--endpoint", f"{url}/v1", "--no-reuse"]
        assert cli.main([*command, *options]) == 0
    *_, row = capsys.readouterr().out.splitlines()
    planned, failed, _ = row.split()[-3:]
    assert (planned, int(failed) > 0) == ("0", True)
    assert cli.main(["evaluate-planners", "--set", str(tmp_path)]) == 2


def test_an_approved_layout_is_shown_to_the_model(tmp_path, capsys):
    from spa2v_core import cli

    clip, mine = "assets/examples/car_crossing.m4a", tmp_path / "mine.json"
    layout = "assets/examples/car_crossing.layout.json"
    assert cli.main(["approve", clip, layout, "--into", str(mine)]) == 0
    assert "1 exemplars" in capsys.readouterr().err
    script = Script(chat(GOOD))
    with serving(script) as url:
        options = ["--planner", "openai", "--endpoint", f"{url}/v1", "--exemplars", str(mine)]
        assert cli.main(["plan", clip, *options, "--out", str(tmp_path / "l.json")]) == 0
    told = script.requests[0]["messages"]
    assert json.loads(told[-2]["content"])["objects"][0]["name"] == "red car"


def test_parts_of_a_recording_are_one_sound_where_only_one_is_taken(recording):
    clip = recording[0]
    apart, together = (
        prompt.sounds_of(clip, parts=True),
        prompt.sounds_of(clip, parts=True, together=True),
    )
    assert [sound.label for sound in apart] == [
        "The recording (mono)",
        "its LEFT channel",
        "its RIGHT channel",
    ]
    (one,) = together
    assert one.label == (
        "The recording (mono), its LEFT channel from 4.50 s on, its RIGHT channel from 9.00 s on"
    )
    seconds = len(one.wav) / 2 / prompt.SOUND_RATE
    assert seconds == pytest.approx(3 * 4.5, abs=0.05)
    (mono,) = prompt.sounds_of(clip, together=True)
    assert mono.label == "The recording (mono)"


def test_a_reply_is_found_again_by_what_it_depends_on():
    one = options_for("openai", {"key": KEY, "temperature": 0.2})

    def name(**changes):
        return cache.name_of("openai", replace(one, **changes), [], {}, 0)

    assert name() == name(key="another") == name(timeout=3, retries=0, fall_back=True)
    others = [name(temperature=0.3), name(model="x"), name(endpoint="http://x"), name(sound=False)]
    assert len({name(), *others, cache.name_of("openai", one, [], {}, 1)}) == 6
