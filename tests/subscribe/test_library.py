"""A reader brings the papers she has, in whatever form her tool writes them."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.subscribe.library import Entry, Library, read_library

ATTENTION = Entry(
    title="Attention is all you need",
    abstract="The dominant models are complex.",
    authors=("Ashish Vaswani", "Noam Shazeer"),
    arxiv_id="1706.03762",
    published=date(2017, 6, 12),
)
BIBTEX = r"""
% my papers
@string{nips = "NeurIPS"}
@comment{jabref-meta: x}
@article{vaswani, author = {Vaswani, Ashish and Noam Shazeer}, title = "{A}ttention is all {you} need",
  eprint={1706.03762}, archiveprefix = {arXiv}, year = 2017,
  abstract = {The dominant models are \emph{complex}.}, month=jun }
@inproceedings{k, title = {Na{\"\i}ve Bayes \& friends}, author={J{\"o}rg Müller}, booktitle = nips # { 2019},
  doi = {10.1000/ABC.1}, year={2019}}
@misc{broken, title = {Never closed
@book{b, title={A book with neither}, year="n.d."}
@misc{empty}
"""
RIS = """TY  - JOUR
AU  - Vaswani, Ashish
AU  - Shazeer, Noam
TI  - Attention is all
you need
AB  - The dominant models are complex.
PY  - 2017-06-12
UR  - https://arxiv.org/abs/1706.03762v5
ER  -\x20

TY  - JOUR
T1  - Untagged end
DO  - https://doi.org/10.1000/XYZ
"""
CSL = json.dumps(
    [
        {
            "title": "Attention is all you need",
            "abstract": "The dominant models are complex.",
            "author": [{"family": "Vaswani", "given": "Ashish"}, {"family": "Shazeer", "given": "Noam"}],
            "issued": {"date-parts": [["2017", 6, 12]]},
            "URL": "http://arxiv.org/abs/1706.03762",
        },
        {"DOI": "10.1000/xyz", "title": "Y"},
        {"note": "nothing"},
        7,
    ]
)
CSV = (
    '"Key","Item Type","Publication Year","Author","Title","DOI","Url","Abstract Note","Date"\n'
    '"A1","preprint","2017","Vaswani, Ashish; Shazeer, Noam","Attention is all you need","10.48550/arXiv.1706.03762",'
    '"http://arxiv.org/abs/1706.03762","The dominant models\nare complex.","2017-06-12"\n'
    '"A2","note","","","","","","",""\n'
)
RDF = """<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:dcterms="http://purl.org/dc/terms/" xmlns:bib="http://purl.org/net/biblio#"
  xmlns:foaf="http://xmlns.com/foaf/0.1/">
  <bib:Article rdf:about="http://arxiv.org/abs/1706.03762">
    <bib:authors><rdf:Seq>
      <rdf:li><foaf:Person><foaf:surname>Vaswani</foaf:surname><foaf:givenName>Ashish</foaf:givenName></foaf:Person></rdf:li>
      <rdf:li><foaf:Person><foaf:surname>Shazeer</foaf:surname><foaf:givenName>Noam</foaf:givenName></foaf:Person></rdf:li>
    </rdf:Seq></bib:authors>
    <dc:title>Attention is all you need</dc:title>
    <dcterms:abstract>The dominant models are complex.</dcterms:abstract>
    <dc:date>2017-06-12</dc:date>
  </bib:Article>
  <bib:Memo rdf:about="#item_1"/>
</rdf:RDF>"""
OPML = """<opml version="2.0"><head><title>x</title></head><body><outline text="Papers">
<outline text="Attention is all you need" type="link" url="https://arxiv.org/pdf/1706.03762.pdf"/>
<outline text="A blog" type="rss" xmlUrl="https://blog.example.org/feed"/></outline></body></opml>"""


def test_bibtex_is_read_with_its_names_accents_and_broken_entries() -> None:
    library = read_library(BIBTEX.encode())

    assert library.form == "BibTeX"
    assert library.entries[0] == Entry(**{**_fields(ATTENTION), "published": date(2017, 6, 1)})
    assert library.entries[1] == Entry(
        "Naive Bayes & friends", "", ("Jorg Müller",), "", "10.1000/abc.1", date(2019, 1, 1)
    )
    assert [one.title for one in library.entries[2:]][-1] == "A book with neither"
    assert library.skipped == 1


@pytest.mark.parametrize(
    ("text", "form", "others", "skipped"),
    [
        (RIS, "RIS", (Entry(title="Untagged end", doi="10.1000/xyz"),), 0),
        (CSL, "CSL JSON", (Entry(title="Y", doi="10.1000/xyz"),), 2),
        (CSV, "Zotero CSV", (), 1),
        (RDF, "Zotero RDF", (), 0),
    ],
)
def test_other_exports_give_the_same_paper(text: str, form: str, others: tuple[Entry, ...], skipped: int) -> None:
    assert read_library(text.encode()) == Library(form, (ATTENTION, *others), skipped)


def test_an_outline_gives_the_papers_that_it_links_to_and_no_feeds() -> None:
    expected = (Entry(title="Attention is all you need", arxiv_id="1706.03762"),)

    assert read_library(OPML.encode()) == Library("OPML", expected, 1)


def test_a_list_of_names_is_read_whatever_stands_between_them() -> None:
    text = "# mine\n1706.03762v2, math.GT/0309136 hep-th/9901001\nhttps://doi.org/10.1000/XYZ;\r\nhello\narXiv:1706.03762\n"
    library = read_library(text.encode("utf-16"))

    assert [one.arxiv_id or one.doi for one in library.entries] == [
        "1706.03762",
        "math/0309136",
        "hep-th/9901001",
        "10.1000/xyz",
    ]
    assert library.skipped == 1


def test_xml_that_declares_entities_is_not_read() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaa">]><opml>&a;</opml>'

    assert read_library(bomb.encode()).entries == ()
    assert "entities" in read_library(bomb.encode()).remark
    assert read_library(b"<opml><outline").remark == "The file is not well-formed XML."


def test_a_huge_library_is_read_up_to_a_limit_that_is_told() -> None:
    library = read_library("\n".join(f"10.1000/{n}" for n in range(20_100)).encode())

    assert len(library.entries) == 20_000
    assert library.remark


PIECES = st.sampled_from([BIBTEX, RIS, CSL, CSV, RDF, OPML])


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(max_examples=300, deadline=None)
def test_no_file_makes_it_raise(data: bytes) -> None:
    assert isinstance(read_library(data), Library)


@given(
    PIECES,
    st.integers(0, 900),
    st.integers(0, 900),
    st.sampled_from(["", "{", "}", '"', "@x{", "\n", "\0", "é", "</x>"]),
)
@settings(max_examples=300, deadline=None)
def test_no_cut_or_mended_file_makes_it_raise(text: str, start: int, end: int, between: str) -> None:
    library = read_library((text[:start] + between + text[end:]).encode())

    assert all(one.title or one.arxiv_id or one.doi for one in library.entries)


def _fields(entry: Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in Entry.__slots__}


def test_a_library_as_large_as_is_read_is_not_told_to_be_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.subscribe.library.MOST", 2)

    whole = read_library(b"10.1000/one\n10.1000/two\n10.1000/one\n")
    longer = read_library(b"10.1000/one\n10.1000/two\n10.1000/three\n")

    assert (len(whole.entries), whole.remark) == (2, "")
    assert (len(longer.entries), longer.remark) == (2, "Only the first 2 entries were read.")
