"""A summary in another language is shown when it is in that language, its numbers and names in the abstract."""
# ruff: noqa: RUF001 - texts in many scripts

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.compose.abroad import language_name, objection_abroad
from newsletter.compose.abroad_tables import NAMES
from newsletter.model.paper import Paper

PAPER = Paper(
    id="1",
    title="FlashFloat: fast attention",
    abstract="We present FlashFloat, an AI model trained on 1,200 GPUs, which beats GPT-4 by 3.5% on ImageNet in two "
    "weeks. It was built with Stanford.",
)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "FlashFloat ist ein KI-Modell, das auf 1.200 GPUs trainiert wurde und GPT-4 um 3,5 % übertrifft."),
        ("de", "Die Methode aus Stanford ist in zwei Wochen auf 1 200 GPUs trainiert und schlägt die Vorgänger."),
        ("fr", "FlashFloat est un modèle d'IA entraîné sur 1 200 GPUs en deux semaines, avec l'aide de Stanford."),
        ("es", "FlashFloat es un modelo entrenado en 1200 GPUs que supera a GPT-4 en un 3,5 % sobre ImageNet."),
        ("zh", "本文提出FlashFloat，在1,200块GPU上训练两周，在ImageNet上比GPT-4高3.5%。"),
        ("ja", "本論文はFlashFloatを提案し、ImageNetでGPT-4を３．５％上回ることを示した。"),
        ("ar", "يقدم البحث نموذج FlashFloat الذي يتفوق على GPT-4 بنسبة ٣٫٥٪ على ImageNet خلال أسبوعين."),
        ("ru", "Представлена модель FlashFloat, которая превосходит GPT-4 на 3,5 % и обучена за две недели."),
    ],
)
def test_what_the_abstract_says_may_be_said_in_other_words(language: str, text: str) -> None:
    assert objection_abroad(text, PAPER, language) == ""


@pytest.mark.parametrize(
    ("language", "text", "why"),
    [
        ("de", "Das Modell übertrifft die anderen um 35 % und ist auf den GPUs schneller.", "the number 35 is not"),
        (
            "de",
            "Das Modell ist in drei Wochen auf den GPUs trainiert und schlägt die anderen.",
            "the number drei is not",
        ),
        (
            "de",
            "Das Modell von Google ist schneller als die anderen und wird auf GPUs trainiert.",
            "the name Google is",
        ),
        ("de", "Das Modell ist von DeepSeek und schneller als die anderen.", "the name DeepSeek is not"),
        ("de", "Das Modell stammt von der Gruppe um Anna Müller und ist schnell.", "the name Müller is not"),
        ("de", "FlashFloat beats GPT-4 by 3.5% on ImageNet and is trained in two weeks.", "it is not in German"),
        ("de", "FlashFloat es un modelo entrenado en 1200 GPUs que supera a GPT-4.", "it is not in German"),
        ("fr", "Le modèle est entraîné à Montréal avec les GPUs de la ville.", "the name Montréal is not"),
        ("fr", "Le modèle est entraîné sur les 3 millions de GPUs de la ville.", "the number 3 is not"),
        ("es", "El modelo es el doble de rápido que los demás y supera a Claude.", "the name Claude is not"),
        ("zh", "本文提出FlashFloat，在1200万块GPU上训练，效果更好。", "the number 1200 has another size"),
        ("zh", "本文提出FlashFloat，在五个数据集上超过了其他方法。", "the number 五 is not"),
        ("zh", "本文提出的方法在CIFAR数据集上超过了其他方法。", "the name CIFAR is not"),
        ("zh", "本文由谷歌提出，在许多数据集上超过了其他方法。", "the name 谷歌 is not"),
        ("zh", "本文は注意機構を速くする方法を提案し、他の方法を上回る。", "it is not in Simplified Chinese"),
        ("zh_Hant", "本文提出训练更快的注意力机制，超过了这些方法。", "it is not in Traditional Chinese"),
        ("ar", "يقدم البحث نموذجا يتفوق على غيره بنسبة ٧٣٪ في كل الاختبارات.", "the number 73 is not"),
        ("ar", "The model beats all the others in the tests of this world.", "it is not in Arabic"),
        ("ar", "يقدم البحث نموذجا من جوجل يتفوق على غيره في كل الاختبارات.", "the name جوجل is not"),
        ("ru", "Модель обучена за пять недель и превосходит остальные.", "the number пять is not"),
        ("xx", "Whatever this language may be, nobody here can check it.", "it is not in xx"),
        ("de", "Die Methode ist schnell, siehe https://example.org für den Code.", "it holds a link"),
        ("de", "Kurz", "it has 4 characters"),
    ],
)
def test_what_it_does_not_say_is_refused_in_words(language: str, text: str, why: str) -> None:
    assert objection_abroad(text, PAPER, language).startswith(why)


@given(st.sampled_from([*NAMES, "en", "xx"]), st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_no_text_makes_it_raise(language: str, summary: str, abstract: str) -> None:
    assert isinstance(objection_abroad(summary, Paper(id="1", title="", abstract=abstract), language), str)


def test_english_is_no_language_to_translate_into() -> None:
    assert language_name("en") == language_name("en_GB") == ""
