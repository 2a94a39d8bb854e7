"""A list in any encoding is read as it was written, or refused with the name of its encoding: never as nonsense."""

from __future__ import annotations

import pytest

from newsletter.errors import UsageError
from newsletter.subscribe.intake import read_csv, read_jsonl
from newsletter.subscribe.people import Remark, Row

WESTERN = (
    "Jörg Groß",
    "Zoë Müller",
    "François Lefèvre",
    "José Núñez",
    "Søren Ångström",
    "ÉLODIE ÇELIK",
    "João Conceição",
    "Björk Guðmundsdóttir",
    "Þór Æðelstan",
    "Saoirse O\u2019Brien",
    "Renée d\u2019Été \u2013 \u201cRey\u201d",
)
OTHERS = {
    ("SHIFT_JIS", "cp932"): ("山田太郎", "佐藤花子", "鈴木一郎", "カタカナ", "ひらがな"),
    ("EUC-JP", "euc_jp"): ("やまだたろう", "サトウハナコ", "スズキ"),
    ("EUC-KR", "euc_kr"): ("김철수", "이영희", "박지성"),
    ("GB18030", "gb18030"): ("王小明", "李华", "张伟"),
    ("WINDOWS-1251", "cp1251"): ("Иван Петров", "Анна Каренина"),
    ("KOI8-R", "koi8_r"): ("Иван Петров", "Анна Каренина"),
    ("WINDOWS-1253", "cp1253"): ("Γιώργος Παπαδόπουλος", "Μαρία Νικολάου"),
    ("WINDOWS-1250", "cp1250"): ("Paweł Wróbel", "Grażyna Brzęczyszczykiewicz", "Łukasz Żółty"),
    ("MACINTOSH", "mac_roman"): ("Jörg Groß", "François Lefèvre", "José Núñez"),
}


def table(names: tuple[str, ...], codec: str) -> bytes:
    lines = [f"r{n}@example.org,{name}\r\n" for n, name in enumerate(names)]
    return ("email,name\r\nplain@example.org,Plain\r\n" + "".join(lines)).encode(codec)


@pytest.mark.parametrize("name", WESTERN)
def test_a_western_spreadsheet_s_file_is_read_and_its_encoding_named(name: str) -> None:
    remark, *found = read_csv(table((name,), "cp1252"))

    assert isinstance(remark, Remark)
    assert "it was read as Windows-1252 (Latin-1), such as" in remark.text
    assert [row.subscriber.name for row in found if isinstance(row, Row)] == ["Plain", name]


def test_the_remark_shows_a_word_by_which_to_judge() -> None:
    (remark, *_) = read_csv(table(WESTERN, "cp1252"))

    assert isinstance(remark, Remark)
    assert remark.text.startswith('The file is not UTF-8; it was read as Windows-1252 (Latin-1), such as "Jörg".')


@pytest.mark.parametrize(("name", "codec"), OTHERS)
def test_a_list_of_another_encoding_is_refused_by_its_name_and_with_the_cure(name: str, codec: str) -> None:
    names = OTHERS[name, codec]

    with pytest.raises(UsageError) as caught:
        list(read_csv(table(names, codec)))

    assert caught.value.what == f'The file is not UTF-8: line 3 looks like {name} ("{names[0].split()[0]}").'
    assert caught.value.cure.endswith(f"iconv -f {name} -t UTF-8 FILE > new.csv")
    found = list(read_csv(table(names, "utf-8")))
    assert [row.subscriber.name for row in found if isinstance(row, Row)] == ["Plain", *names]


def test_one_name_among_plain_ones_is_enough_to_refuse() -> None:
    rows = [f"r{n}@example.org,Plain Reader" for n in range(500)]
    rows.insert(300, "taro@example.org,山田太郎")

    with pytest.raises(UsageError, match="line 302 looks like SHIFT_JIS"):
        list(read_csv(("email,name\n" + "\n".join(rows)).encode("cp932")))


def test_bytes_of_no_alphabet_are_refused_too() -> None:
    with pytest.raises(UsageError, match="line 2 makes no sense as Windows-1252"):
        list(read_csv(b"email,name\nada@example.org,\x81\x8d\x8f\x90\x9d\x81\xff\xff\n"))


def test_json_lines_are_held_to_the_same() -> None:
    line = '{"email": "ada@example.org", "name": "山田"}\n'

    with pytest.raises(UsageError, match="SHIFT_JIS"):
        list(read_jsonl(line.encode("cp932")))
    assert isinstance(next(read_jsonl(line.replace("山田", "Zoë").encode("cp1252"))), Remark)
