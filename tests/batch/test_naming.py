from pathlib import PurePosixPath as P

from hypothesis import given
from hypothesis import strategies as st

from blur.batch.naming import collision_key, output_name


def assign(*names: str, suffix: str = ".mp4") -> list[str]:
    taken: set[str] = set()
    given = []
    for name in names:
        output = output_name(P(name), suffix, taken)
        taken.add(collision_key(output))
        given.append(str(output))
    return given


def test_the_suffix_changes_and_the_tree_stays():
    assert assign("a.mov", "day 2/b.MP4", "noname") == ["a.mp4", "day 2/b.mp4", "noname.mp4"]


def test_same_names_of_different_extension_do_not_collide():
    assert assign("a.mov", "a.avi", "a.mp4") == ["a.mp4", "a.avi.mp4", "a.mp4.mp4"]


def test_names_that_differ_in_case_or_unicode_form_only_do_not_collide():
    outputs = assign("A.mov", "a.mov", "caf\u00e9.mov", "cafe\u0301.mov", "A.MOV")
    assert len({collision_key(P(o)) for o in outputs}) == 5


def test_a_folder_leaves_the_names_of_reports_to_them():
    given = assign("report.html/a.mov", "Report.JSON/b.mov", "day/report.html/c.mov", "boxes/d.mov")
    kept = ["report.html~2/a.mp4", "Report.JSON~2/b.mp4", "day/report.html/c.mp4", "boxes~2/d.mp4"]
    assert given == kept
    assert assign("markers.mov", "boxes") == ["markers.mp4", "boxes.mp4"]


name = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=90
).filter(lambda s: s not in (".", "..") and len(s.encode()) <= 255)


@given(st.lists(name, max_size=8, unique=True))
def test_every_name_fits_the_file_system_and_is_its_own(names):
    outputs = assign(*(f"folder/{n}" for n in names))
    assert len({collision_key(P(o)) for o in outputs}) == len(names)
    for output in outputs:
        part = f".{P(output).name}.part"  # what it is written under
        assert len(part.encode()) <= 255
        assert output.endswith(".mp4") and P(output).parent == P("folder")
