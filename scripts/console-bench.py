#!/usr/bin/env python3
"""Server time of every page of the console over a large city: 1,500,000 places and 500,000 visits.

Fills the projections of a migrated database with made rows (pages read nothing else, but for one
record, which the demo city gives), then asks each page from a running server, one after the other.

`crowd` asks with many readers at once, `take` fetches whole exports.

usage: console-bench.py fill DATABASE [PLACES] | ask URL CODE [ROUNDS] | crowd URL CODE [READERS] [SECONDS] | take URL CODE
"""
import os
import random
import sqlite3
import statistics
import sys
import threading
import time
import urllib.parse
import urllib.request

PLACES = 1_500_000
KINDS = ["dwelling"] * 8 + ["small_premises", "rental", "workshop", "shared_area"]
NOW = 1_795_400_000_000
DAY = 86_400_000


def fill(path, count):
    """A visit for every third place, a grid for every 300."""
    visit_count, grid_count = count // 3, max(1, count // 300)
    random.seed(7)
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous=OFF")
    grids = [f"g3299{1 + n // 1000:02d}{1 + n // 100 % 10:03d}{1 + n // 10 % 10:03d}{1 + n % 10:03d}" for n in range(grid_count)]
    ids = []

    def places():
        for n in range(count):
            doc = n.to_bytes(8, "big") + os.urandom(8)
            ids.append(doc)
            grid = n * grid_count // count
            seen = NOW - random.randrange(400) * DAY if n % 3 == 0 else None
            worst = random.choice([1, 2, 3, 3, 3, 4]) if n % 40 == 0 else 9
            yield (doc, grids[grid], KINDS[n % 12], f"示例街道{grid}社区{n % 97}号{n % 7}单元{n % 601}室", "",
                   33 + grid % 70 / 100, 119 + grid // 70 / 100, 1, f"a{n}", seen, int(worst < 9), worst, NOW - n)

    db.executemany("INSERT INTO place_row (doc_id, pid, kind, address, name, lat, lon, gen, twin, last_visit, open,"
                   " worst, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", places())

    def visits():
        for n in range(visit_count):
            at = NOW - random.randrange(400 * DAY)
            yield (b"v" + n.to_bytes(7, "big") + os.urandom(8), grids[n % grid_count], ids[n * 3], "household", 1, "inspector",
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
    "/console/today", "/console/review", "/console/review/waiting", "/console/review/twins", "/console/review/clocks",
    "/console/review/decided", "/console/places",
    "/console/places?worst=1", "/console/places?stale=1&kind=rental", "/console/places?grid=329905",
    "/console/places?grid=329903005&kind=workshop", "/console/places?q=%E7%A4%BA%E4%BE%8B%E8%A1%97%E9%81%934999",
    "/console/visits", "/console/visits?grid=329905", "/console/visits?found=1&grid=329903005004003",
    "/console/findings?open=1&severity=S1", "/console/findings?open=1&overdue=1", "/console/findings?category=GAS&grid=329905",
    "/console/map", "/console/map/grids", "/console/phones", "/console/checklists", "/console/export",
]


def sign_in(url, code):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    opener = urllib.request.build_opener(Stay)
    try:
        opener.open(url + "/console/login", urllib.parse.urlencode({"code": code}).encode())
    except urllib.error.HTTPError as answer:
        return opener, answer.headers["set-cookie"].split(";")[0]


def crowd(url, code, readers, seconds):
    """Many supervisors at once, each opening one page after the other as they work."""
    _, cookie = sign_in(url, code)
    pages = ["/console/today", "/console/review", "/console/places", "/console/findings?open=1&severity=S1", "/console/visits"]
    times, lock, end = {page: [] for page in pages}, threading.Lock(), time.perf_counter() + seconds

    def read(n):
        while time.perf_counter() < end:
            page = pages[n % len(pages)]
            n += 1
            start = time.perf_counter()
            urllib.request.urlopen(urllib.request.Request(url + page, headers={"cookie": cookie})).read()
            took = (time.perf_counter() - start) * 1000
            with lock:
                times[page].append(took)

    threads = [threading.Thread(target=read, args=(n,)) for n in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{readers} readers, {sum(map(len, times.values())) / seconds:.0f} pages a second")
    print("| page | p50 ms | p95 ms | worst ms |\n|---|---|---|---|")
    for page, all_of in times.items():
        all_of.sort()
        p95 = all_of[min(len(all_of) - 1, int(len(all_of) * 0.95))]
        print(f"| `{page}` | {statistics.median(all_of):.0f} | {p95:.0f} | {all_of[-1]:.0f} |")


def take(url, code):
    """Whole exports of the city."""
    _, cookie = sign_in(url, code)
    print("| file | s | MB | first byte ms |\n|---|---|---|---|")
    for name in ["places.csv", "places.geojson", "visits.csv", "findings.csv"]:
        start = time.perf_counter()
        answer = urllib.request.urlopen(urllib.request.Request(f"{url}/console/export/{name}", headers={"cookie": cookie}))
        size = len(answer.read(1))
        first = (time.perf_counter() - start) * 1000
        while piece := answer.read(1 << 20):
            size += len(piece)
        print(f"| `{name}` | {time.perf_counter() - start:.1f} | {size / 1e6:.0f} | {first:.0f} |", flush=True)


def ask(url, code, rounds):
    opener, cookie = sign_in(url, code)
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
    act, rest = sys.argv[1], sys.argv[2:]
    if act == "fill":
        fill(rest[0], int(rest[1]) if len(rest) > 1 else PLACES)
    elif act == "crowd":
        crowd(*rest[:2], *(int(n) for n in rest[2:] + ["50", "20"][len(rest) - 2:]))
    elif act == "take":
        take(*rest)
    else:
        ask(*rest[:2], int(rest[2]) if len(rest) > 2 else 40)
