"""CSVs as people have them: encodings, packing, separators, headers, quotes, codes."""

import bz2
import gzip
import lzma
import zipfile

import pandas as pd
import pytest

from mlpnas.core.errors import InputError
from mlpnas.data.csv_file import parse
from mlpnas.data.dialect import Dialect
from mlpnas.data.layout import scan

GOOD = "a,b,y\n1,2.5,u\n3,4,v\n"
ROWS = [[1, 2.5, "u"], [3, 4.0, "v"]]


@pytest.fixture
def read(tmp_path):
    """The frame that some bytes or text make, and the notes."""

    def reader(content, *, wanted=("y",), **said):
        path = tmp_path / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        notes: list[str] = []
        return parse(path, scan(path, Dialect(**said), wanted, notes), "y"), notes

    return reader


def refusal(read, content, **said):
    with pytest.raises(InputError) as caught:
        read(content, **said)
    message = str(caught.value)
    assert "\n" not in message
    assert "expected" in message
    return message


# Encodings and packing


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_encodings_that_show_and_line_ends(read, encoding, ends):
    text = GOOD.replace("u", "ü").replace("\n", ends)
    frame, notes = read(text.encode(encoding))
    assert frame.to_numpy().tolist() == [[1, 2.5, "ü"], [3, 4.0, "v"]]
    assert notes == []


def test_what_is_not_utf8_is_read_as_windows_has_it_and_that_is_said(read):
    frame, [note] = read(b"a,y\n1,u\n2,caf\xe9 \x80\n")
    assert frame["y"].tolist() == ["u", "café €"]
    assert "line 3: '2,café €'" in note
    assert "--encoding" in note


def test_an_encoding_that_the_user_says_is_not_guessed(read):
    frame, notes = read("a,y\n1,ж\n".encode("cp1251"), encoding="cp1251")
    assert frame["y"].tolist() == ["ж"]
    assert notes == []
    assert read(GOOD.encode("utf-16-le"), encoding="utf-16-le")[0].shape == (2, 3)


@pytest.mark.parametrize(
    ("content", "said", "match"),
    [
        (b"a,y\n1,\x81\n", {}, "line 2 is neither UTF-8 nor cp1252"),
        (GOOD.encode("utf-16-le"), {}, "--encoding utf-16-le"),
        (b"a,y\n1,\xe9\n", {"encoding": "utf-8"}, "name another --encoding"),
        (GOOD, {"encoding": "klingon"}, "--encoding is 'klingon'"),
        (GOOD, {"encoding": "base64"}, "--encoding is 'base64'"),
    ],
)
def test_encodings_that_are_none(read, content, said, match):
    assert match in refusal(read, content, **said)


def zipped(tmp_path, *names):
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, GOOD)
    return path.read_bytes()


def zstd(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    path = tmp_path / "t.zst"
    with pyarrow.output_stream(str(path), compression="zstd") as file:
        file.write(GOOD.encode())
    return path.read_bytes()


PACKED = {
    "gz": lambda folder: gzip.compress(GOOD.encode()),
    "bz2": lambda folder: bz2.compress(GOOD.encode()),
    "xz": lambda folder: lzma.compress(GOOD.encode()),
    "zip": lambda folder: zipped(folder, "t.csv", "__MACOSX/._t.csv"),
    "zst": zstd,
}


@pytest.mark.parametrize("kind", PACKED)
def test_packed_files_are_known_by_their_first_bytes(read, tmp_path, kind):
    assert read(PACKED[kind](tmp_path))[0].to_numpy().tolist() == ROWS


@pytest.mark.parametrize("kind", PACKED)
def test_packed_files_that_are_cut_off(read, tmp_path, kind):
    assert "cannot be read to its end" in refusal(read, PACKED[kind](tmp_path)[:-10])


def test_archives_of_several_files_and_spreadsheets(read, tmp_path):
    assert "2 files (a.csv, b.csv)" in refusal(read, zipped(tmp_path, "a.csv", "b.csv"))
    assert "is a spreadsheet" in refusal(read, zipped(tmp_path, "[Content_Types].xml", "x"))


def test_zstd_without_pyarrow(read, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert "pip install 'mlpnas[parquet]'" in refusal(read, b"\x28\xb5\x2f\xfd")


# Separators and headers


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("sep=;\na;b;y\n1;2;3\n", ["a", "b", "y"]),
        ('\ufeff"sep=;"\r\na,b;y\r\n1;3\r\n', ["a,b", "y"]),
        ("Datum;T;W;y\n01.01.2024;20,55;3,10;u\n", ["Datum", "T", "W", "y"]),
        ('"a,b,c";"d\ne";y\n1;2;3\n', ["a,b,c", "d\ne", "y"]),
        ('"a;b;c",y\n1,3\n', ["a;b;c", "y"]),
        ("\n\na,y\n\n1,2\n\n", ["a", "y"]),
        (" a , y \n1,2\n", ["a", "y"]),
        ("a\ty\n1,5\t2\n", ["a", "y"]),
        ("y,text\n1,a; b; c\n2,d; e; f\n", ["y", "text"]),
        ("y;text\n1;a, b, c\n2;d, e\n", ["y", "text"]),
        ("a,b,y,\n1,2,u,\n3,4,v,\n", ["a", "b", "y"]),
        ("a,b,y\n1,2,u,\n3,4,v,\n", ["a", "b", "y"]),
        ("a,b,y,\n1,2,u\n3,4,v\n", ["a", "b", "y"]),
        (",a,y\n7,1,2\n", ["Unnamed: 0", "a", "y"]),
    ],
)
def test_separators_and_headers(read, text, columns):
    frame, notes = read(text)
    assert list(frame) == columns
    assert notes == []


def test_the_column_that_is_asked_for_shows_the_separator(read):
    assert list(read("x;y,z\n1;2,3\n", wanted=["y,z"])[0]) == ["x", "y,z"]
    assert list(read("x;y,z\n1;2,3\n", wanted=["z"])[0]) == ["x;y", "z"]
    frame, [note] = read("x;y,z\n1;2,3\n", wanted=[])
    assert list(frame) == ["x;y", "z"]
    assert "separated by ',', though ';' would do as well" in note
    assert "--separator" in note


@pytest.mark.parametrize("separator", [";", "semicolon"])
def test_the_user_says_the_separator(read, separator):
    assert list(read("x;y,z\n1;2,3\n", wanted=[], separator=separator)[0]) == ["x", "y,z"]


def test_separators_of_other_kinds(read):
    assert list(read("a  y\n1   2\n", separator="space")[0]) == ["a", "y"]
    assert list(read("a~y\n1~2\n", separator="~")[0]) == ["a", "y"]
    for wrong in ("::", "", '"', "\n"):
        assert "--separator is" in refusal(read, GOOD, separator=wrong)


def test_names_that_are_alike_are_told_apart_and_that_is_said(read):
    frame, notes = read("a,a ,b,a,y\n1.00,0.30,2.00,5.00,0\n")
    assert frame.iloc[0].to_dict() == pytest.approx(
        {"a": 1, "a.1": 0.3, "b": 2, "a.2": 5, "y": 0}
    )
    assert ["'a.1'" in notes[0], "'a.2'" in notes[1]] == [True, True]


# Rows


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a,b,y\n1,2,u\n1,2,3,v\n", "line 3: 4 fields; expected 3"),
        ("a,b,y\n1,2,u\n1,2,v,\n", "line 3: 4 fields; expected 3"),
        ("a,b,y\n1,2,u,\n3,4,v,7\n", "field 4 of a row is '7.0'"),
        ('"a\nb",y\n1,"u\nv"\n1\n', "line 5: 1 fields; expected 2"),
    ],
)
def test_rows_of_other_lengths_are_named_by_their_line(read, text, match):
    assert match in refusal(read, text)


@pytest.mark.parametrize(
    "text",
    [
        'a,b,y\n1,2,u\n1,"x,u\n2,"z",v\n3,w,v\n',  # up to where another quote opens
        'a,b,y\n1,2,u\n1,x,"u',  # to the end
        'a,b,y\n1,2,u\n1,"x,u\n' + "2,z,v\n" * 500,
        'a,b,y\n1,2,u\n"1,2,u\n2,3,v\n4,"5",w\n',
        'a,b,y\n1,2,u\n1,"x,u\n2,5" pipe,v\n3,w,v\n',
        'a,b,y\n1,2,u\n1,"x,u\n2,"",v\n3,"z",v\n',
        'a,b,y\n1,2,u\n1,"5" pipe",u\n',
    ],
)
def test_a_quote_that_is_not_closed_is_named_by_its_line(read, text):
    message = refusal(read, text)
    assert "line 3: " in message
    assert "quote" in message


def test_a_field_without_end_is_refused(read):
    assert "cannot be read as CSV" in refusal(read, 'a,b,y\n1,"' + "x" * 200_000 + "\n")
    rows = "1,2,u\n" * 200
    assert "line 202: " in refusal(read, f'a,b,y\n{rows}1,"' + "x" * 200_000 + "\n")


def test_quotes_that_are_well(read):
    frame, _ = read('a,b,y\n1,"x\nq, r",u\n2,"z ""w""",v\n3,5" pipe,"w"\n')
    assert frame["b"].tolist() == ["x\nq, r", 'z "w"', '5" pipe']


# Cells


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (["01067", "10115", ""], True),
        (["007", "12", "99"], True),
        (["-05", "3", "4"], True),
        (["00", "1", "2"], True),
        (["0", "10", "-0.5"], False),
        (["0.5", "00.25", "1"], False),
    ],
)
def test_whole_numbers_with_leading_zeros_are_codes(read, cells, texts):
    for column in ("a,y\n" + "".join(f"{cell},u\n" for cell in cells),
                   "y,a\n" + "".join(f'u,"{cell}"\n' for cell in cells)):  # fmt: skip
        frame, _ = read(column)
        assert (frame["a"].dtype.kind not in "if") == texts
        if texts:
            assert frame["a"].fillna("").tolist() == cells


def test_labels_with_leading_zeros_keep_them(read):
    assert read("a,y\n1,007\n2,012\n")[0]["y"].tolist() == ["007", "012"]


def test_words_of_missing_cells_are_those_that_the_user_says(read):
    text = "a,b,y\nNone,-999,u\nNA,1.5,v\n?,,w\nx,2,z\n"
    assert read(text)[0]["a"].isna().tolist() == [True, True, True, False]
    frame, _ = read(text, missing="NA, -999")
    assert frame["a"].isna().tolist() == [False, True, False, False]
    assert frame["b"].isna().tolist() == [True, False, True, False]
    frame, _ = read(text, missing="")
    assert frame["a"].tolist() == ["None", "NA", "?", "x"]
    assert pd.api.types.is_float_dtype(frame["b"])
    assert frame["b"].isna().tolist() == [False, False, True, False]
