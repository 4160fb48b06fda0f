#!/usr/bin/env python3
"""Server time of every page of the console over a large city: 1,500,000 places and 500,000 visits.

Fills the projections of a migrated database with made rows (pages read nothing else, but for one
record, which the demo city gives), then asks each page from a running server, one after the other.

usage: console-bench.py fill DATABASE | console-bench.py ask URL COOKIE_CODE [ROUNDS]
"""
import os
import random
import sqlite3
import statistics
import sys
import time
import urllib.parse
import urllib.request

PLACES, VISITS, GRIDS = 1_500_000, 500_000, 5_000
KINDS = ["dwelling"] * 8 + ["small_premises", "rental", "workshop", "shared_area"]
NOW = 1_795_400_000_000
DAY = 86_400_000


def fill(path):
    random.seed(7)
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous=OFF")
    grids = [f"g3299{1 + n // 1000:02d}{1 + n // 100 % 10:03d}{1 + n // 10 % 10:03d}{1 + n % 10:03d}" for n in range(GRIDS)]
    ids = []

    def places():
        for n in range(PLACES):
            doc = n.to_bytes(8, "big") + os.urandom(8)
            ids.append(doc)
            grid = n * GRIDS // PLACES
            seen = NOW - random.randrange(400) * DAY if n % 3 == 0 else None
            worst = random.choice([1, 2, 3, 3, 3, 4]) if n % 40 == 0 else 9
            yield (doc, grids[grid], KINDS[n % 12], f"示例街道{grid}社区{n % 97}号{n % 7}单元{n % 601}室", "",
                   33 + grid % 70 / 100, 119 + grid // 70 / 100, 1, f"a{n}", seen, int(worst < 9), worst, NOW - n)

    db.executemany("INSERT INTO place_row (doc_id, pid, kind, address, name, lat, lon, gen, twin, last_visit, open,"
                   " worst, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", places())

    def visits():
        for n in range(VISITS):
            at = NOW - random.randrange(400 * DAY)
            yield (b"v" + n.to_bytes(7, "big") + os.urandom(8), grids[n % GRIDS], ids[n * 3], "household", 1, "inspector",
                   "finished", at, at + 900_000, int(n % 5 == 0), ",HH-A1-F1,HH-A3-F1,HH-B1-F1," * 4, 3, NOW - n)

    db.executemany("INSERT INTO visit_row (doc_id, pid, place_id, list, list_version, by_role, status, started_at,"
                   " finished_at, findings, cleared, gen, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", visits())
    db.execute("INSERT INTO finding_row (doc_id, code, place_id, pid, severity, category, lead, raised_at, list, route,"
               " title_zh, title_en, due_at, open) SELECT doc_id, 'HH-A3-F1', place_id, pid, 'S' || (1 + gen % 3 + (rowid_n % 2)),"
               " 'GAS03', 'GASCO', finished_at, list, 'case', '示例隐患', 'a sample finding', finished_at + 1728000000,"
               " rowid_n % 3 = 0 FROM (SELECT *, row_number() OVER () AS rowid_n FROM visit_row WHERE findings > 0 AND gen = 3)")
    db.commit()
    db.execute("ANALYZE")
    db.commit()
    for table in ("place_row", "visit_row", "finding_row"):
        print(table, db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


PAGES = [
    "/console/today", "/console/review", "/console/review/waiting", "/console/review/twins", "/console/places",
    "/console/places?worst=1", "/console/places?stale=1&kind=rental", "/console/places?grid=329905",
    "/console/places?grid=329903005&kind=workshop", "/console/places?q=%E7%A4%BA%E4%BE%8B%E8%A1%97%E9%81%934999",
    "/console/visits", "/console/visits?grid=329905", "/console/visits?found=1&grid=329903005004003",
    "/console/findings?open=1&severity=S1", "/console/findings?open=1&overdue=1", "/console/findings?category=GAS&grid=329905",
    "/console/map", "/console/map/grids", "/console/phones", "/console/checklists", "/console/export",
]


def ask(url, code, rounds):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    opener = urllib.request.build_opener(Stay)
    try:
        opener.open(url + "/console/login", urllib.parse.urlencode({"code": code}).encode())
    except urllib.error.HTTPError as answer:
        cookie = answer.headers["set-cookie"].split(";")[0]
    last = {}
    print(f"| page | p50 ms | p95 ms | worst ms | kB |\n|---|---|---|---|---|")
    for page in PAGES:
        times, size = [], 0
        for _ in range(rounds):
            start = time.perf_counter()
            body = opener.open(urllib.request.Request(url + page, headers={"cookie": cookie})).read()
            times.append((time.perf_counter() - start) * 1000)
            size = len(body)
        times.sort()
        p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
        last[page] = p95
        print(f"| `{urllib.parse.unquote(page)}` | {statistics.median(times):.1f} | {p95:.1f} | {times[-1]:.1f} | {size / 1024:.0f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(sys.argv[2])
    else:
        ask(sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 40)
