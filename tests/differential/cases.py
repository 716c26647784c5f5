"""Random cases: two requests for one URL and what the origin says to each, and the configurations they run under.

All times avoid what a second or two could decide: ages are multiples of 100 s, lifetimes lie 50 s beside them, and
what is added to either 25 s.
"""
import email.utils
import random
import time


class Config:
    def __init__(self, name, yaml, **values):
        self.name, self.yaml = name, yaml
        self.obeys = self.ignores = False
        self.set_cookie = "pass"
        self.heuristic_max, self.negative_ttl, self.default_ttl = 3650, 50, 0
        self.stale_while_revalidate = self.stale_if_error = 0
        for key, value in values.items():
            setattr(self, key, value)


BASE = {"heuristic_max": "3650s", "negative_ttl": "50s"}
CONFIGS = [
    Config("defaults", BASE),
    Config("obey", BASE | {"request_directives": "obey"}, obeys=True),
    Config("strip", BASE | {"set_cookie": "strip", "default_ttl": "550s"}, set_cookie="strip", default_ttl=550),
    Config("stale", BASE | {"set_cookie": "store", "request_directives": "ignore", "stale_while_revalidate": "1025s",
                            "stale_if_error": "2025s"},
           set_cookie="store", ignores=True, stale_while_revalidate=1025, stale_if_error=2025),
    Config("stand-in", BASE | {"stale_if_error": "2025s"}, stale_if_error=2025),
]

AGES = [0, 100, 300, 2000]
LIFETIMES = [0, 50, 150, 350, 1050, 2050, 100050]
STATUSES = [200] * 12 + [203, 204, 301, 302, 307, 308, 404, 404, 410, 405, 414, 501, 299, 599, 500, 503, 403]
NUMBER_FORMS = ["{}", "{}", "{}", '"{}"', "{} ", "{};x", "={}", "{}.0", "-{}", "x{}", "", "99999999999999999999{}"]
EXTENSIONS = ['foo', 'foo=bar', 'foo="no-store, private, max-age=0"', 'foo="a\\"b, no-store"', 'community="UCI"', '']
LANGUAGES = ["en, de", "de,en", "EN ,  de", "de;q=0.5, en", "en;q=1.0, de;q=0.5", "fr;q=0.3, de;q=0.9", "fr", "en,de,fr"]
ACCEPTS = ["image/webp,image/png", "image/png , IMAGE/WEBP", "image/png", "image/webp;q=0.8, image/png", "*/*"]
PLAIN = ["1,2", "1, 2", " 1 ,2", "2, 1", "1", "1,,2"]
TAGS = ['"v1"', 'W/"v1"', '"v2"', '"a,b"']
RANGES = ["bytes=0-3", "bytes=20-", "bytes=-4", "bytes=x", "bytes=0-1,4-5", "bytes=5-2", "BYTES=2-", "pixels=1-2", "bytes=-0"]


def imf(stamp):
    return email.utils.formatdate(stamp, usegmt=True)


def rfc850(stamp):
    return time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(stamp))


def asctime(stamp):
    parts = time.gmtime(stamp)
    return time.strftime("%a %b ", parts) + f"{parts.tm_mday:2d}" + time.strftime(" %H:%M:%S %Y", parts)


FORMS = [imf, imf, imf, rfc850, asctime, lambda stamp: imf(stamp).lower(),
         lambda stamp: rfc850(stamp).upper(), lambda stamp: imf(stamp).replace("GMT", "UTC"),
         lambda stamp: imf(stamp).replace("GMT", "EST"), lambda stamp: "0", lambda stamp: str(stamp), lambda stamp: ""]


class Case:
    """Dates are kept as (form, seconds from now) until they are sent."""

    def __init__(self, seed):
        rng = self.rng = random.Random(seed)
        self.config = CONFIGS[rng.randrange(len(CONFIGS))]
        self.status = rng.choice(STATUSES)
        self.fails = rng.random() < 0.15  # The origin answers the second request with 503.
        self.method2 = "HEAD" if rng.random() < 0.1 else "GET"
        self.dates, self.fields1 = [], []
        self.age_of_it = rng.choice(AGES)
        self.make_response()
        self.make_requests()
        self.make_not_modified()

    def maybe(self, share):
        return self.rng.random() < share

    def make_response(self):
        rng = self.rng
        if self.maybe(0.8):
            self.fields1.append((self.cased("Cache-Control"), self.cache_control()))
            if self.maybe(0.1):
                self.fields1.append(("cache-control", self.cache_control()))
        if self.maybe(0.15):
            self.fields1.append((self.cased("CDN-Cache-Control"), self.cdn_cache_control()))
        if self.maybe(0.6):
            self.fields1.append(("Age", rng.choice([str(self.age_of_it)] * 8 + ["abc", "-100", "100.5", "100, 0",
                                                                                 "0, 2000", "99999999999"])))
            if self.maybe(0.05):
                self.fields1.append(("Age", "2000"))
        if self.maybe(0.8):
            self.date("Date", rng.choice([0, 0, 0, -100, -300, -2000, 300]), rng.choice(FORMS[:8]))
        if self.maybe(0.3):
            self.date("Expires", rng.choice([-100, 50, 150, 1050, 100050]), rng.choice(FORMS))
            if self.maybe(0.1):
                self.date("Expires", 100050, imf)
        if self.maybe(0.4):
            self.date("Last-Modified", rng.choice([-500, -1500, -10500, -1000500, 5000]), rng.choice(FORMS[:6] + [imf] * 3 + [FORMS[7]]))
        if self.maybe(0.5):
            self.fields1.append(("ETag", rng.choice(TAGS)))
        if self.maybe(0.35):
            self.fields1.append((self.cased("Vary"), rng.choice(["Accept", "accept-language", "X-Kind", "Accept, X-Kind", "X-Kind,Accept-Language"] * 3 + ["*", "Accept, *"])))
            if self.maybe(0.3):
                self.fields1.append(("Content-Language", rng.choice(["de", "en", "de, en"])))
        if self.maybe(0.1):
            self.fields1.append(("Set-Cookie", "a=b"))
        if self.maybe(0.1):
            self.fields1.append(("Pragma", "no-cache"))
        self.fields1.append(("X-F", "secret"))
        rng.shuffle(self.fields1)

    def make_requests(self):
        rng = self.rng
        self.request1, self.request2 = [], []
        for request, again in ((self.request1, False), (self.request2, True)):
            if self.maybe(0.6):
                request.append(("Accept", rng.choice(ACCEPTS)))
            if self.maybe(0.6):
                request.append(("Accept-Language", rng.choice(LANGUAGES)))
            if self.maybe(0.6):
                request.append(("X-Kind", rng.choice(PLAIN)))
            if self.maybe(0.1):
                request.append(("Authorization", "Bearer x"))
        if self.maybe(0.6):  # Mostly the same wishes, or nothing would be selected.
            self.request2 = [field for field in self.request1 if field[0] != "Authorization"] + \
                [field for field in self.request2 if field[0] == "Authorization"]
        if self.maybe(0.05):
            self.request1.append(("Cache-Control", "no-store"))
        if self.maybe(0.25):
            self.request2.append(("Cache-Control", ", ".join(self.request_directive() for _ in range(rng.choice([1, 1, 2])))))
        if self.maybe(0.12):
            self.request2.append(("If-None-Match", rng.choice(TAGS + ["*", '"x", W/"v1"', '"a,b", "v2"'])))
        if self.maybe(0.12):
            self.since = rng.choice([-200000000, -1500, 5000, 900000])
            self.request2.append(("If-Modified-Since", imf(int(time.time()) + self.since)))
        if self.maybe(0.15):
            self.request2.append(("Range", rng.choice(RANGES)))

    def make_not_modified(self):
        """What the origin says with a 304, beside the Date that most have."""
        rng = self.rng
        self.fields304 = []
        self.has_date304 = self.maybe(0.8)
        if self.maybe(0.5):
            self.fields304.append((self.cased("Cache-Control"), self.cache_control()))
        if self.maybe(0.1):
            self.fields304.append(("CDN-Cache-Control", self.cdn_cache_control()))
        if self.maybe(0.15):
            self.fields304.append(("Age", rng.choice(["0", "100", "2000"])))
        if self.maybe(0.1):
            self.fields304.append(("Set-Cookie", "c=d"))
        if self.maybe(0.1):
            self.fields304.append(("X-F", "fresh"))
        if self.maybe(0.03):
            self.fields304.append(("Vary", "*"))
        if self.maybe(0.1):
            self.fields304.append(("ETag", rng.choice(['"v1"', 'W/"v1"', '"v9"'])))

    def not_modified(self, now):
        return self.fields304 + ([("Date", imf(now))] if self.has_date304 else [])

    def request3(self):
        """The first once more, asking for nothing in particular."""
        return [field for field in self.request1 if field[0] not in ("Authorization", "Cache-Control")]

    def date(self, name, offset, form):
        self.dates.append((name, offset, form))

    def response1(self, now):
        return self.fields1 + [(name, form(now + offset)) for name, offset, form in self.dates]

    def cased(self, name):
        return self.rng.choice([name, name.lower(), name.upper()])

    def number(self):
        form = self.rng.choice(NUMBER_FORMS if self.maybe(0.2) else NUMBER_FORMS[:4])
        return form.format(self.rng.choice(LIFETIMES))

    def cache_control(self):
        rng = self.rng
        directives = []
        for name, share in (("max-age", 0.6), ("s-maxage", 0.12), ("stale-while-revalidate", 0.1), ("stale-if-error", 0.12)):
            if self.maybe(share):
                value = self.number() if name in ("max-age", "s-maxage") else str(rng.choice([0, 125, 1025, 10025]))
                directives.append(f"{self.cased(name)}={value}")
                if self.maybe(0.05):
                    directives.append(f"{name}={rng.choice(LIFETIMES)}")
        for name, share in (("no-store", 0.06), ("no-cache", 0.06), ("private", 0.05), ("public", 0.15),
                            ("must-revalidate", 0.08), ("proxy-revalidate", 0.04), ("must-understand", 0.06),
                            ('private="X-F"', 0.03), ('no-cache="x-f, y"', 0.03), ('private=""', 0.01), ("max-age", 0.01),
                            ('private="Set-Cookie"', 0.02)):
            if self.maybe(share):
                directives.append(self.cased(name))
        if self.maybe(0.15):
            directives.append(rng.choice(EXTENSIONS))
        rng.shuffle(directives)
        return rng.choice([", ", ",", " ,  "]).join(directives)

    def cdn_cache_control(self):
        rng = self.rng
        value = rng.choice(LIFETIMES)
        return rng.choice([f"max-age={value}"] * 6 + [
            f"max-age={value}, foo=1", f"max-age={value};a=b", f"max-age={value}, no-cache", "no-store", "private", "",
            f"max-age={value},", f'max-age="{value}"', f"Max-Age={value}", f"max-age={value}, &&", f"max-age =50",
            f"foo, max-age={value}, must-revalidate", f"s-maxage={value}, max-age=50", "no-store=?0, max-age=1050",
            f"max-age={value}, stale-while-revalidate=1025", "max-age=1.5", f"max-age=50, max-age={value}",
            f'private="x-f", max-age={value}', f"max-age={value} foo", "max-age=99999999999"])

    def request_directive(self):
        rng = self.rng
        return rng.choice(["no-cache", "no-store", "only-if-cached", "max-age=0", "max-age=50", "max-age=1050",
                           "min-fresh=125", "min-fresh=1025", "max-stale", "max-stale=125", "max-stale=10025", "NO-CACHE",
                           "foo=bar"])

    def without(self, part, index):
        """This case less one field, for shrinking."""
        smaller = Case.__new__(Case)
        smaller.__dict__ = dict(self.__dict__)
        setattr(smaller, part, [one for i, one in enumerate(getattr(self, part)) if i != index])
        return smaller
