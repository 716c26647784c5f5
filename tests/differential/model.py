"""A model of RFC 9111 for a shared cache, as tables of rules. Written from the RFCs, not from the program.

Each table is read from its top; the first rule whose condition holds decides. `predict` says what a second request for
a URL must get after a first one, what a third must get where the second had the stored response validated, and by which
rules. All times are whole seconds relative to when the first response was made.
"""
import email.utils
import re

HUGE = 2 ** 31
HEURISTIC_STATUSES = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}  # RFC 9110 section 15.1, without 206.
KNOWN_STATUSES = set(range(200, 206)) | (set(range(300, 309)) - {304, 306}) | set(range(400, 418)) | {421, 422, 426} \
    | set(range(500, 506))
PREFERENCES = {"accept", "accept-charset", "accept-encoding", "accept-language"}


# --- Reading fields ---

def split_list(value):
    """The members of a list (RFC 9110 section 5.6.1); commas in quoted strings do not count."""
    members = re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+', value)
    return [member.strip(" \t") for member in members if member.strip(" \t")]


def seconds(text):
    text = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    return min(int(text), HUGE) if re.fullmatch("[0-9]+", text) else None


class Directives(dict):
    """Cache-Control as {name: [arguments]}, names in lower case, None where there is no argument."""

    def __init__(self, values=()):
        super().__init__()
        for value in values:
            for member in split_list(value):
                name, equals, argument = member.partition("=")
                self.setdefault(name.strip(" \t").lower(), []).append(
                    None if not equals else argument if name == name.strip(" \t") else "?")

    def lifetime(self, name):
        """RFC 9111 section 4.2.1: the least of several; what is no number is stale."""
        if name not in self:
            return None
        return min((seconds(one) or 0) if one is not None else 0 for one in self[name])

    def listed(self, name):
        """The fields that private="..." or no-cache="..." name; None where the directive stands for the whole."""
        names = []
        for argument in self.get(name, []):
            if argument is None:
                return None
            text = argument[1:-1] if len(argument) > 1 and argument[0] == argument[-1] == '"' else argument
            members = split_list(text)
            if not members or not all(re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", one) for one in members):
                return None
            names += [one.lower() for one in members]
        return names

    def whole(self, name):
        return name in self and self.listed(name) is None


BARE = r'(?:-?[0-9]{1,12}\.[0-9]{1,3}|-?[0-9]{1,15}|"(?:[ !#-\[\]-~]|\\["\\])*"|[A-Za-z*][!#$%&\'*+.^_`|~0-9A-Za-z:/-]*' \
       r'|:[A-Za-z0-9+/=]*:|\?[01])'
KEY = r"[a-z*][a-z0-9_.*-]*"
PARAMETERS = rf"(?:; *{KEY}(?:={BARE})?)*"
MEMBER = re.compile(rf"({KEY})(?:=({BARE}))?{PARAMETERS}")


def dictionary(value):
    """RFC 8941 section 3.2, without inner lists; None where it is malformed or empty."""
    rest, members = value.strip(" "), {}
    while rest:
        match = MEMBER.match(rest)
        if not match:
            return None
        members[match[1]] = match[2]
        rest = rest[match.end():].lstrip(" \t")
        if rest:
            if rest[0] != "," or not rest[1:].strip(" \t"):
                return None
            rest = rest[1:].lstrip(" \t")
    return members or None


def targeted(value):
    """CDN-Cache-Control as Directives (RFC 9213 section 2.1), or None where it is to be ignored."""
    members = dictionary(value)
    if members is None:
        return None
    directives = Directives()
    for name, argument in members.items():
        if name in ("max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"):
            if argument and re.fullmatch("-?[0-9]+", argument):
                directives[name] = [str(max(0, int(argument)))]
        elif argument != "?0":
            directives[name] = [argument if argument and argument[0] == '"' else None]
    return directives


class Message:
    def __init__(self, status, fields):
        self.status, self.fields = status, fields

    def all(self, name):
        return [value for field, value in self.fields if field.lower() == name]

    def has(self, name):
        return bool(self.all(name))

    def one(self, name):
        values = self.all(name)
        return values[0] if len(values) == 1 else None

    def date(self, name, now):
        """Seconds from `now`; None where there is none, or it is repeated or no date."""
        text = self.one(name)
        return None if text is None else http_date(text, now)


MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def http_date(text, now):
    """RFC 9110 section 5.6.7, the three forms; RFC 9111 section 4.2: in any case, and in no other zone than GMT."""
    day, clock = r"(?:mon|tue|wed|thu|fri|sat|sun)", r"(\d\d):(\d\d):(\d\d)"
    for form, order in ((rf"{day}, (\d\d) ([a-z]{{3}}) (\d{{4}}) {clock} gmt", "dmy"),
                        (rf"{day}[a-z]*day, (\d\d)-([a-z]{{3}})-(\d\d) {clock} gmt", "dmy"),
                        (rf"{day} ([a-z]{{3}}) ([ \d]\d) {clock} (\d{{4}})", "mdy")):
        match = re.fullmatch(form, text.lower())
        if not match:
            continue
        g = match.groups()
        d, m, (h, mi, s), y = (g[0], g[1], g[3:6], g[2]) if order == "dmy" else (g[1], g[0], g[2:5], g[5])
        if m not in MONTHS:
            return None
        year = int(y) + (2000 if len(y) == 2 else 0)
        return email.utils.mktime_tz((year, MONTHS.index(m) + 1, int(d), int(h), int(mi), int(s), 0, 1, 0, 0)) - now
    return None


def control_of(response):
    """What counts for us, and whether it was said to us alone."""
    special = targeted(", ".join(response.all("cdn-cache-control"))) if response.has("cdn-cache-control") else None
    return (special, True) if special is not None else (Directives(response.all("cache-control")), False)


# --- What the rules look at ---

class Response:
    """What the origin has said, or what a 304 has made of it: may it be kept, and for how long?"""

    def __init__(self, config, status, request, fields, now):
        self.config, self.status = config, status
        self.request = request  # With which the origin was asked.
        self.chosen_by = request  # From which Vary selects.
        self.response = Message(status, fields)
        self.control, self.is_targeted = control_of(self.response)
        asked = Directives(self.request.all("cache-control"))
        self.no_store_asked = config.obeys and "no-store" in asked
        self.date = self.response.date("date", now)
        self.modified = self.response.date("last-modified", now)
        self.expires = self.response.date("expires", now)
        age_values = self.response.all("age")
        self.age_value = seconds_or_0(age_values[0].split(",")[0].strip()) if age_values else 0
        # RFC 9111 section 4.2.3, with no delay to speak of.
        self.age = max(self.age_value, -(self.date if self.date is not None else 0), 0)
        self.has_validator = self.response.has("etag") and self.response.one("etag") is not None or \
            self.modified is not None
        lifetime = decide(LIFETIME, self)
        self.lifetime, self.is_explicit = lifetime[3](self), lifetime[4]
        self.refusal = next((rule for rule in NOT_STORED if rule[2](self)), None)
        self.rules = [lifetime[0], self.refusal[0] if self.refusal else "stored"]

    def unshared(self):
        """The fields that are for the one who asked alone."""
        names = {one for name in ("private", "no-cache") for one in self.control.listed(name) or []}
        return names | ({"set-cookie"} if self.config.set_cookie == "strip" else set())

    def keeps_cookie(self):
        return self.response.has("set-cookie") and "set-cookie" not in self.unshared()

    def heuristic(self):
        span = (self.date or 0) - self.modified if self.modified is not None else 0
        return min(max(span / 10, 0), self.config.heuristic_max)

    def may_guess(self):
        return self.status in HEURISTIC_STATUSES or "public" in self.control

    def allows_storing(self):
        return "public" in self.control or self.is_explicit or self.status in HEURISTIC_STATUSES


def decide(table, what):
    return next(rule for rule in table if rule[2](what))


def seconds_or_0(text):
    return min(int(text), HUGE) if re.fullmatch("[0-9]+", text) else 0


# name, source, condition, lifetime, whether the origin has said it.
LIFETIME = [
    ("no-cache", "RFC 9111 5.2.2.4", lambda f: f.control.whole("no-cache"), lambda f: 0, False),
    ("s-maxage", "RFC 9111 5.2.2.10", lambda f: "s-maxage" in f.control, lambda f: f.control.lifetime("s-maxage"), True),
    ("max-age", "RFC 9111 5.2.2.1", lambda f: "max-age" in f.control, lambda f: f.control.lifetime("max-age"), True),
    ("Expires", "RFC 9111 5.3", lambda f: f.response.has("expires") and not f.is_targeted,
     lambda f: max(0, f.expires - (f.date or 0)) if f.expires is not None else 0, True),
    ("negative_ttl", "configuration", lambda f: f.status in (404, 410), lambda f: f.config.negative_ttl, False),
    ("default_ttl", "configuration", lambda f: f.may_guess() and f.status < 400 and f.config.default_ttl > 0,
     lambda f: f.config.default_ttl, False),
    ("heuristic", "RFC 9111 4.2.2", lambda f: f.may_guess() and f.modified is not None, lambda f: f.heuristic(), False),
    ("no lifetime", "RFC 9111 4.2.1", lambda f: True, lambda f: 0, False),
]

# name, source, condition for not storing.
NOT_STORED = [
    ("request no-store", "RFC 9111 5.2.1.5", lambda f: f.no_store_asked),
    ("must-understand", "RFC 9111 5.2.2.3", lambda f: "must-understand" in f.control and f.status not in KNOWN_STATUSES),
    ("no-store", "RFC 9111 5.2.2.5", lambda f: "no-store" in f.control and "must-understand" not in f.control),
    ("private", "RFC 9111 5.2.2.7", lambda f: f.control.whole("private")),
    ("Authorization", "RFC 9111 3.5", lambda f: f.request.has("authorization") and
     not {"public", "s-maxage", "must-revalidate"} & set(f.control)),
    ("Set-Cookie", "configuration", lambda f: f.config.set_cookie == "pass" and f.keeps_cookie() and
     not {"public", "s-maxage"} & set(f.control)),
    ("Vary: *", "RFC 9111 4.1", lambda f: any("*" in split_list(value) for value in f.response.all("vary"))),
    ("nothing allows it", "RFC 9111 3", lambda f: not f.allows_storing()),
    ("never usable", "RFC 9111 4", lambda f: f.lifetime == 0 and not f.response.has("etag") and
     not f.response.has("last-modified")),
]


class Later:
    """A later request, and what is held for it."""

    def __init__(self, config, held, request, fails):
        self.config, self.held, self.request, self.fails = config, held, request, fails
        asked = Directives(self.request.all("cache-control"))
        obeys, ignores = config.obeys, config.ignores
        self.only_if_cached = not ignores and "only-if-cached" in asked
        self.wants_validation = not ignores and (asked.whole("no-cache") or asked.lifetime("max-age") == 0)
        self.no_store = obeys and "no-store" in asked
        self.age_max = asked.lifetime("max-age") if obeys else None
        self.min_fresh = max((HUGE if one is None or seconds(one) is None else seconds(one))
                             for one in asked["min-fresh"]) if obeys and "min-fresh" in asked else 0
        self.max_stale = min((HUGE if one is None else seconds(one) or 0)
                             for one in asked["max-stale"]) if obeys and "max-stale" in asked else None
        self.left = held.lifetime - held.age
        self.is_fresh = self.left > self.min_fresh
        self.is_too_old = self.age_max is not None and held.age > self.age_max
        control = held.control
        forbidden = {"must-revalidate", "proxy-revalidate", "s-maxage"} & set(control) or control.whole("no-cache")

        def window(name, default):
            said = control.lifetime(name)
            return 0 if forbidden else default if said is None else said
        self.may_be_stale = not forbidden
        self.while_revalidating = window("stale-while-revalidate", config.stale_while_revalidate)
        self.if_error = window("stale-if-error", config.stale_if_error)
        self.is_held = held.refusal is None and self.is_selected()

    def has_mark(self):
        """That a response may not be stored is remembered, unless it was an error or a matter of credentials."""
        status, refusal = self.held.status, self.held.refusal
        return refusal is not None and refusal[0] != "request no-store" and not (
            status >= 500 or status in (408, 425, 429) or self.held.request.has("authorization"))

    def is_selected(self):
        """RFC 9111 section 4.1."""
        names = [name.lower() for value in self.held.response.all("vary") for name in split_list(value)]
        return all(same_selecting(name, self.held.chosen_by.all(name), self.request.all(name), self.held.response)
                   for name in names)


def members_of(name, values):
    members = split_list(", ".join(values))
    if name not in PREFERENCES:
        return members
    normal = set()
    for member in members:
        parts = [part.strip().lower() for part in member.split(";")]
        normal.add(";".join(part for part in parts if part and not re.fullmatch(r"q=1(\.0*)?", part)))
    return sorted(normal)


def weight(member):
    match = re.search(r";\s*q=(\d(?:\.\d+)?)", member)
    return float(match[1]) if match else 1.0


def same_selecting(name, first, second, response):
    if bool(first) == bool(second) and members_of(name, first) == members_of(name, second):
        return True
    if name != "accept-language" or not first or not second:
        return False
    wanted = split_list(", ".join(second))
    best = [one for one in wanted if weight(one) == max(map(weight, wanted)) > 0]
    return len(best) == 1 and best[0].split(";")[0].strip().lower() == ", ".join(response.all("content-language")).lower()


# name, source, condition, what the cache does.
USE = [
    ("remembered", "RFC 9111 3", lambda s: s.has_mark(), "pass"),
    ("fresh", "RFC 9111 4.2", lambda s: s.is_held and not s.wants_validation and not s.is_too_old and s.is_fresh, "hit"),
    ("max-stale", "RFC 9111 5.2.1.2", lambda s: s.is_held and not s.wants_validation and not s.is_too_old and
     s.max_stale is not None and s.min_fresh == 0 and s.may_be_stale and -s.left <= s.max_stale, "stale"),
    ("stale-while-revalidate", "RFC 5861 3", lambda s: s.is_held and not s.wants_validation and s.age_max is None and
     s.min_fresh == 0 and -s.left < s.while_revalidating, "stale"),
    ("only-if-cached", "RFC 9111 5.2.1.7", lambda s: s.only_if_cached, "refuse"),
    ("no-store of the second", "RFC 9111 5.2.1.5", lambda s: s.no_store, "pass"),
    ("stale-if-error", "RFC 5861 4", lambda s: s.is_held and s.fails and s.if_error > 0 and -s.left < s.if_error,
     "stand in"),
    ("validate", "RFC 9111 4.3", lambda s: s.is_held and s.held.has_validator, "validate"),
    ("no validator", "RFC 9111 4.2.4", lambda s: s.is_held, "fill"),
    ("other variant", "RFC 9111 4.1", lambda s: s.held.refusal is None, "fill"),
    ("nothing stored", "RFC 9111 3", lambda s: True, "fill"),
]


class NotModified:
    """A 304 to a validation, and what it makes of what is held."""

    def __init__(self, held, request, fields, now):
        self.held = held
        said = Message(304, fields)
        self.etag, self.held_etag = said.one("etag"), held.response.one("etag")
        replaced = {name.lower() for name, _ in fields} - ({"set-cookie"} if not held.keeps_cookie() else set())
        kept = [(name, value) for name, value in held.response.fields
                if name.lower() not in replaced | held.unshared() | {"age"}]
        added = [(name, value) for name, value in fields if name.lower() in replaced]
        # RFC 9110 section 6.6.1: what comes without a Date has that of its arrival.
        if not said.has("date"):
            kept = [one for one in kept if one[0].lower() != "date"]
        self.made = Response(held.config, held.status, request, kept + added, now)
        self.made.chosen_by = held.chosen_by


# name, source, condition, whether the stored response is freshened; else the origin is asked for a whole one.
FRESHEN = [
    ("another validator", "RFC 9111 4.3.4", lambda n: n.etag is not None and
     (n.held_etag is None or opaque(n.etag) != opaque(n.held_etag)), False),
    ("forbidden by a 304", "RFC 9111 3.2", lambda n: n.made.refusal is not None, False),
    ("freshened", "RFC 9111 3.2", lambda n: True, True),
]


# --- What the client sees of a stored response: conditions, then ranges ---

def opaque(tag):
    return tag[2:] if tag.startswith("W/") else tag


def has_it_already(request, status, etag, modified, date, now):
    """RFC 9110 section 13.2.2."""
    if status != 200:
        return False
    if request.has("if-none-match"):
        tags = [tag for value in request.all("if-none-match") for tag in split_list(value)]
        return "*" in tags or bool(etag) and opaque(etag) in map(opaque, tags)
    since = request.date("if-modified-since", now)
    return since is not None and (modified if modified is not None else date if date is not None else 0) <= since


def ranged(request, method, status, size):
    """The status that Range makes of a 200: RFC 9110 section 14.2. If-Range is not among the cases."""
    value = request.one("range")
    if value is None or method != "GET" or status != 200:
        return status
    match = re.fullmatch(r"bytes=(.+)", value, re.I)
    if not match:
        return 200
    inside = False
    for spec in split_list(match[1]):
        parts = re.fullmatch(r"(\d*)-(\d*)", spec)
        if not parts or not (parts[1] or parts[2]) or parts[1] and parts[2] and int(parts[2]) < int(parts[1]):
            return 200
        inside = inside or (int(parts[1]) < size if parts[1] else int(parts[2]) > 0 and size > 0)
    return 206 if inside else 416


class Prediction:
    """What a request must get. `serial`: which answer of the origin it is, 1 what is held, 2 a new one, 3 the held one
    after a 304, and 4 and 5 the like of the third request; None where no answer of the origin is seen."""

    def __init__(self, action, status, serial, asked, age, rules, held, unshared=()):
        self.action, self.status, self.serial, self.asked, self.age, self.rules = action, status, serial, asked, age, rules
        self.held = held  # Afterwards; None where no third request is made.
        self.unshared = unshared  # Fields that must not be seen in a hit.


def predict(case, config, now):
    """The predictions for the second and, where there is one, the third request."""
    first = Response(config, case.status, Message(0, case.request1), case.response1(now), now)
    request = Message(0, case.request2)
    second = serve(Later(config, first, request, case.fails), case.method2, 2, case.not_modified(now), now)
    second.rules = first.rules + second.rules
    if second.held is None:
        return second, None
    return second, serve(Later(config, second.held, Message(0, case.request3()), False), "GET", 4, [], now)


def serve(later, method, serial, not_modified, now):
    """`serial`: of a new answer; that of a 304 is one more."""
    held, request = later.held, later.request
    name, _, _, action = decide(USE, later)
    rules = [name]
    etag = held.response.one("etag")

    def seen(status, etag, modified, date):
        if has_it_already(request, status, etag, modified, date, now):
            return 304
        return ranged(request, method, status, 10 if status != 204 else 0)

    def answered():
        return 503 if later.fails else seen(200, '"second"', None, 0)

    if action in ("hit", "stale", "stand in"):
        status = seen(held.status, etag, held.modified, held.date)
        return Prediction(action, status, 1 if serial == 2 else 3, None, held.age, rules, None, held.unshared())
    if action == "refuse":
        return Prediction(action, 504, None, None, None, rules, None)
    if action == "pass":
        has_conditions = request.has("if-none-match") or request.has("if-modified-since")
        status = 503 if later.fails else 304 if has_conditions else 200
        return Prediction(action, status, serial + 1 if status == 304 else serial, None, None, rules, None)
    if action == "validate":
        asked = (etag if etag else "-", held.response.one("last-modified") if held.modified is not None else "-")
        if later.fails:
            return Prediction(action, 503, serial, asked, None, rules, None)
        answer = NotModified(held, request, not_modified, now)
        name, _, _, freshens = decide(FRESHEN, answer)
        rules.append(name)
        if freshens:
            made = answer.made
            status = seen(held.status, made.response.one("etag"), made.modified, made.date)
            return Prediction(action, status, serial + 1, asked, None, rules, made)
    return Prediction(action, answered(), serial, ("-", "-"), None, rules, None)
