// The Redis tier, PROTOCOL R20 to R30: one bucket with one avatar, the nodes' keepers and workers, and as much of the
// feed and of memory as they go by. feed.pml has the rest of those; README.md says what is modelled.
//
// Every step is atomic, as in feed.pml: a script of Redis, or one turn of one thread. Guards and scenarios are chosen
// as they are there.

// --- Bounds and faults ---

#ifndef NODES
#define NODES 2
#endif
#ifndef READERS  // The first so many of them are asked by clients and take from the tier,
#define READERS 1
#endif
#ifndef PUTTERS  // and the last so many put into it.
#define PUTTERS NODES
#endif
#ifndef VERSIONS  // The origin commits 1 to VERSIONS; 0 is there at first.
#define VERSIONS 1
#endif
#ifndef EVENTS  // So many entries fit into the stream of one life of the feed's server.
#define EVENTS 2
#endif
#ifndef URLS  // Of the avatar.
#define URLS 1
#endif
#ifndef EPOCHS  // So many names of epochs there are.
#define EPOCHS 1
#endif
#ifndef OTHERS  // 1: there are events of other avatars, in the first life of the feed's server.
#define OTHERS 0
#endif
#ifndef FAILOVERS  // 0 or 1, of the feed's server.
#define FAILOVERS 0
#endif
#ifndef READS  // 1: events are also read without a proof.
#define READS 0
#endif
#ifndef LATE  // 1: the answers to proofs are under way for a while.
#define LATE 0
#endif
#ifndef TRIM  // 1: old entries may be trimmed from the stream.
#define TRIM 0
#endif
#ifndef EVICT  // Redis evicts guards and entries, one key at a time: so many of them; 9 is without end.
#define EVICT 0
#endif
#ifndef REWIND  // 1: the tier's Redis restarts once, with what it held at some time before.
#define REWIND 0
#endif
#ifndef FORGET  // 1: tables of floors run full, of nodes and of the bucket.
#define FORGET 0
#endif
#ifndef OLD_ONLY  // 1: what the origin will not replace is not put, for with one URL it does no harm.
#define OLD_ONLY 0
#endif
#ifndef RESTART  // 1: a node may be stopped and start anew.
#define RESTART 0
#endif
#ifndef FENCE  // 1: unsafe requests through the nodes, and purges by hand.
#define FENCE 0
#endif

#define LIVES (1 + FAILOVERS)

#define RAISE(what, to) if :: to > what -> what = to :: else fi

// --- State ---

mtype = {Nothing, Sent, Half, Answered, Refused};  // What is under way.
mtype = {Closed, Noted, Proven, Replayed, Open};   // A keeper's way to a tier that may be used.

typedef Node {
  // The feed's reader. A position is of the life that the node is attached to: 0 is none, else the life and 1.
  byte attached;
  byte read;       // ID of the last event read and applied,
  byte position;   // and of the last that is proven as well.
  bit missed;      // An event was trimmed before it was read.
#if LATE
  bit proof;       // Its answer is under way:
  byte proof_life;
  byte proof_last;
  bit proof_fresh; // it was sent after the keeper had noted the clean position.
#endif

  byte floor;
  byte mark;
  bit only_origin; // Nothing is taken from the tier.

  // The keeper: the tier state (epoch and identity, while Open), and what goes over its own connection.
  mtype keeper = Closed;
  byte epoch;
  byte identity;     // As attached is.
  bit clean_known;   // Noted: the bucket is born,
  byte clean_life;   // of that life,
  byte clean;        // and clean up to there.
  mtype apply = Nothing;
  byte apply_from;
  byte apply_to;
  byte sent;         // Up to there all APPLYs have been sent.

  // Of the workers: one GET, only of those that are asked by clients, and one PUT. Whatever is lost, or was answered to
  // nobody, makes room for another.
  mtype get = Nothing;
  byte get_epoch;
  byte get_identity;
  byte get_as_of;    // Or the clean position, if that is later.
  byte get_version;
  bit put;
  byte put_epoch;
  byte put_identity;
  byte put_as_of;
  byte put_floor;
  byte put_version;

  // For judging: the oldest version that a request that comes now may get from this node.
  byte owed;
#ifdef REACH_OLDER
  bit held;          // In memory, of the origin; then the tier is not asked.
  byte answered;
#endif
#ifdef WITHOUT_R10_CLOSE
  bit close_later;
#endif
#ifdef WITHOUT_R23_ONCE
  byte delete_later;
#endif
#ifdef WITHOUT_R26_REACH
  byte told_from;
#endif
#ifdef WITHOUT_R26_IDENTITY
  byte told_life;
#endif
}
Node node[NODES];

// What the tier holds of the bucket in one epoch. All positions are of the life in the guard.
typedef Bucket {
  byte identity;     // 0: there is no guard; the bucket is unborn.
  byte clean;
  byte mark;
  byte birth;
  byte floor;
  byte entry_birth;  // 0: there are no entries.
  byte entry_low;
  byte entry_as_of[URLS];
  byte entry_version[URLS];
  bit entry[URLS];
}
// By epoch; none is the first.
Bucket bucket[EPOCHS + 1];
byte epoch;
byte epochs;  // Names given out so far.
#if REWIND
Bucket saved[EPOCHS + 1];
byte saved_epoch;
byte saves;
#endif

// The origin, and the feed's server. The ID of an entry is its place in that life.
byte current;
bit published[VERSIONS + 1];
byte life;
byte log[LIVES * (EVENTS + 1)];  // A version, or 0 for an event of another avatar.
byte last[LIVES];
byte trimmed[LIVES];             // Entries up to this one are gone.
#if EVICT
byte evictions;
#if EVICT < 9
#define COUNT_EVICTION evictions++
#else
#define COUNT_EVICTION skip
#endif
#endif
byte lost;                       // The highest version that was published in a life before.

// For use within a step only. `at` is used where a step has choices, so it has to be part of the state.
byte at;
hidden byte i;
hidden byte yes;
hidden byte has_moved;

#define LOG(of, id) log[(of) * (EVENTS + 1) + (id)]
#define ME node[me]
#define IS_READER (me < READERS)
#define IS_PUTTER (me >= NODES - PUTTERS)
#define MINE bucket[ME.epoch]

// --- The tier's scripts ---

inline drop_entries(b) {
  b.entry_birth = 0;
  b.entry_low = 0;
  i = 0;
  do
  :: i < URLS ->
    b.entry[i] = 0;
    b.entry_as_of[i] = 0;
    b.entry_version[i] = 0;
    i++
  :: else -> break
  od;
  i = 0
}

inline drop_guard(b) {
  b.identity = 0;
  b.clean = 0;
  b.mark = 0;
  b.birth = 0;
  b.floor = 0
}

// One that nothing bears that is or may come back: births are unique.
#if REWIND
#define IS_BORNE(e, x) (bucket[e].entry_birth == x || saved[e].entry_birth == x || saved[e].birth == x)
#else
#define IS_BORNE(e, x) (bucket[e].entry_birth == x)
#endif

// PROTOCOL R24.
inline be_born() {
  MINE.identity = ME.identity;
  MINE.clean = ME.apply_to;
#ifndef WITHOUT_R24_MARK
  MINE.mark = ME.apply_to;
#endif
  MINE.birth = 1;
#ifndef WITHOUT_R24_BIRTH
  do
  :: IS_BORNE(ME.epoch, MINE.birth) -> MINE.birth++
  :: else -> break
  od
#endif
}

inline delete_below(id) {
  if
  :: MINE.entry_birth > 0 && MINE.entry_low < id -> drop_entries(MINE)
  :: else
  fi
}

// The events that come with an APPLY: those of the node's life after FROM, if it looks at what it reads.
#if defined(WITHOUT_R26)
#define TOLD_FROM (ME.keeper == Replayed -> ME.apply_to : ME.apply_from)
#elif defined(WITHOUT_R26_REACH)
#define TOLD_FROM (ME.keeper == Replayed && ME.apply_from < ME.told_from -> ME.told_from : ME.apply_from)
#else
#define TOLD_FROM ME.apply_from
#endif
#ifdef WITHOUT_R26_IDENTITY
#define TOLD_LIFE (ME.keeper == Replayed -> ME.told_life : ME.identity - 1)
#else
#define TOLD_LIFE (ME.identity - 1)
#endif

#ifdef WITHOUT_R29
#define IS_BELOW_CLEAN false
#else
#define IS_BELOW_CLEAN (MINE.clean >= ME.apply_to)
#endif
#ifdef WITHOUT_R25_APPLY
#define IS_OF_APPLY true
#else
#define IS_OF_APPLY (MINE.identity == ME.identity)
#endif

// PROTOCOL R23. `has_moved` says whether floors may have become too many.
inline run_apply() {
  if
  :: MINE.identity == 0 -> be_born(); yes = 1
  :: MINE.identity != 0 && !IS_OF_APPLY -> yes = 0
  :: MINE.identity != 0 && IS_OF_APPLY && IS_BELOW_CLEAN -> yes = 1
  :: else ->
    at = TOLD_FROM;
    do
    :: at < ME.apply_to ->
      at++;
      if
      :: LOG(TOLD_LIFE, at) > 0 ->
        RAISE(MINE.floor, at);
#ifdef WITHOUT_R23_ONCE
        ME.delete_later = at
#else
        delete_below(at)
#endif
      :: else
      fi
    :: else -> break
    od;
    at = 0;
#ifdef WITHOUT_R23
    yes = 1;
#else
    yes = (MINE.clean >= ME.apply_from);
#endif
    if
    :: yes -> RAISE(MINE.clean, ME.apply_to); has_moved = 1
    :: else
    fi
  fi
}

inline forget_put() {
  ME.put = 0;
  ME.put_epoch = 0;
  ME.put_identity = 0;
  ME.put_as_of = 0;
  ME.put_floor = 0;
  ME.put_version = 0
}

#define PUTS bucket[ME.put_epoch]
#ifdef WITHOUT_R25_PUT
#define IS_OF_PUT (PUTS.identity != 0)
#else
#define IS_OF_PUT (PUTS.identity == ME.put_identity)
#endif
#ifdef WITHOUT_R22_FLOOR
#define IS_ABOVE_FLOOR true
#else
#define IS_ABOVE_FLOOR (ME.put_as_of >= PUTS.floor)
#endif
#ifdef WITHOUT_R22_MARK
#define IS_ABOVE_MARK true
#else
#define IS_ABOVE_MARK (ME.put_as_of >= PUTS.mark)
#endif

// PROTOCOL R22. `url` is any.
inline run_put(url) {
  if
  :: IS_OF_PUT && IS_ABOVE_FLOOR && IS_ABOVE_MARK ->
#ifndef WITHOUT_R24_ENTRIES
    if
    :: PUTS.entry_birth > 0 && PUTS.entry_birth != PUTS.birth -> drop_entries(PUTS)
    :: else
    fi;
#endif
#ifndef WITHOUT_R22_RAISE
    RAISE(PUTS.floor, ME.put_floor);
#endif
#ifndef WITHOUT_R22_LOW
    if
    :: PUTS.entry_birth > 0 && PUTS.entry_low < PUTS.floor -> drop_entries(PUTS)
    :: else
    fi;
#endif
    if
    :: PUTS.entry_birth == 0 || ME.put_as_of < PUTS.entry_low -> PUTS.entry_low = ME.put_as_of
    :: else
    fi;
    PUTS.entry_birth = PUTS.birth;
    PUTS.entry[url] = 1;
    PUTS.entry_as_of[url] = ME.put_as_of;
    PUTS.entry_version[url] = ME.put_version
  :: else
  fi;
  forget_put()
}

// --- Workers ---

inline forget_get() {
  ME.get = Nothing;
  ME.get_epoch = 0;
  ME.get_identity = 0;
  ME.get_as_of = 0;
  ME.get_version = 0
}

// PROTOCOL R21.
#ifdef WITHOUT_R21
#define IS_PROVEN true
#else
#define IS_PROVEN (ME.floor <= ME.position)
#endif
#ifdef WITHOUT_R30
#define MAY_TAKE IS_PROVEN
#else
#define MAY_TAKE (IS_PROVEN && !ME.only_origin)
#endif
// PROTOCOL R20.
#ifdef WITHOUT_R20_FLOOR
#define IS_FLOOR_KEPT true
#else
#define IS_FLOOR_KEPT (ME.get_as_of >= ME.floor)
#endif
#ifdef WITHOUT_R20_MARK
#define IS_MARK_KEPT true
#else
#define IS_MARK_KEPT (ME.get_as_of >= ME.mark)
#endif
#define GETS bucket[ME.get_epoch]
#ifdef WITHOUT_R25_GET
#define IS_OF_GET(b) (b.identity != 0)
#else
#define IS_OF_GET(b) (b.identity == ME.get_identity)
#endif
#ifdef WITHOUT_R24_GET
#define IS_OF_BIRTH(b) true
#else
#define IS_OF_BIRTH(b) (b.entry_birth == b.birth)
#endif

inline look(b) {
  if
  :: IS_OF_GET(b) && b.entry[url] && IS_OF_BIRTH(b) ->
    ME.get_as_of = b.entry_as_of[url];
    ME.get_version = b.entry_version[url];
#ifdef WITHOUT_R20_ONCE
    ME.get = Half
#else
    RAISE(ME.get_as_of, b.clean);
    ME.get = Answered
#endif
  :: else -> forget_get()
  fi
}

// Any URL.
inline select_url() {
  do
  :: url + 1 < URLS -> url++
  :: break
  od
}

proctype Workers(byte me) {
  byte url;
end:
  do
#ifdef REACH_OLDER
  // Another, that the origin answers.
  :: d_step { IS_READER && ME.get == Nothing && ME.attached > 0 -> ME.held = 1; RAISE(ME.answered, current) }
#endif
  // A request that memory cannot answer: the tier is asked.
  :: d_step {
#ifdef REACH_OLDER
      !ME.held &&
#endif
      IS_READER && ME.get == Nothing && ME.keeper == Open && MAY_TAKE ->
      ME.get = Sent;
      ME.get_epoch = ME.epoch;
      ME.get_identity = ME.identity
    }
  // The script looks: an entry counts only if it was put under this birth of the bucket.
  :: atomic { ME.get == Sent -> select_url(); d_step { look(GETS); url = 0 } }
#if REWIND
  // It may still look into what Redis was before: at a replica, or at a primary that was deposed.
  :: atomic { ME.get == Sent && saves == 1 -> select_url(); d_step { look(saved[ME.get_epoch]); url = 0 } }
#endif
#ifdef WITHOUT_R20_ONCE
  :: d_step {
      ME.get == Half ->
      if
      :: IS_OF_GET(GETS) -> RAISE(ME.get_as_of, GETS.clean); ME.get = Answered
      :: else -> forget_get()
      fi
    }
#endif
  // What it said arrives, and is used or not.
  :: d_step {
      ME.get == Answered ->
      if
      :: MAY_TAKE && IS_FLOOR_KEPT && IS_MARK_KEPT ->
#ifdef REACH_TIER_HIT
        assert(ME.floor == 0);  // What was put after an event.
#endif
#ifdef REACH_OLDER
        assert(ME.get_version >= ME.answered);
        RAISE(ME.answered, ME.get_version);
#endif
        assert(ME.get_version >= ME.owed)
      :: else
      fi;
      forget_get()
    }
  // A fill: the origin is asked, and answers; then a PUT is under way. No void is looked at: that only keeps PUTs back.
  :: d_step {
      IS_PUTTER && !ME.put && ME.keeper == Open && (!OLD_ONLY || current < VERSIONS) ->
      ME.put = 1;
      ME.put_epoch = ME.epoch;
      ME.put_identity = ME.identity;
      ME.put_as_of = ME.read;
      ME.put_floor = ME.floor;
      ME.put_version = current
    }
#ifdef WITHOUT_R22_TOGETHER
  // Epoch and identity are those of when the PUT is sent.
  :: d_step {
      ME.put && ME.keeper == Open && ME.epoch != ME.put_epoch ->
      ME.put_epoch = ME.epoch;
      ME.put_identity = ME.identity
    }
#endif
  :: atomic { ME.put -> select_url(); d_step { run_put(url); url = 0 } }
  :: d_step { ME.put -> forget_put() }
#if FENCE
  // The answer to an unsafe request that the origin has committed arrives, or somebody purges the avatar by hand.
  :: d_step {
      IS_READER && ME.attached > 0 && ME.owed < current ->
      ME.owed = current;
      forget_get();
      ME.only_origin = 1
    }
#endif
#if FORGET || defined(REACH_OUTGROWN)
  // Its floor goes, for lack of room.
  :: d_step {
      ME.floor > 0 || ME.only_origin ->
#ifndef WITHOUT_R12
      if
      :: IS_READER -> RAISE(ME.mark, ME.floor)
      :: else
      fi;
#endif
      ME.floor = 0;
      ME.only_origin = 0
    }
#endif
  od
}

// --- The feed's reader, and the keeper ---

inline apply_event(version, id) {
  if
  :: version > 0 ->
#ifdef REACH_OLDER
    ME.held = 0;
#endif
    RAISE(ME.floor, id);
    if
    :: IS_READER ->
      RAISE(ME.owed, version);
#ifndef WITHOUT_R20_VOID
      forget_get()
#endif
    :: else
    fi
  :: else
  fi
}

#if LATE
#define PROOF ME.proof
#define PROOF_LIFE ME.proof_life
#define PROOF_LAST ME.proof_last
#define PROOF_FRESH ME.proof_fresh
#else
#define PROOF true  // Asked and answered at once, whenever it is looked at.
#define PROOF_LIFE life
#define PROOF_LAST last[life]
#define PROOF_FRESH true
#endif

inline forget_proof() {
#if LATE
  ME.proof = 0;
  ME.proof_life = 0;
  ME.proof_last = 0;
  ME.proof_fresh = 0
#else
  skip
#endif
}

inline forget_clean() {
  ME.clean_known = 0;
  ME.clean_life = 0;
  ME.clean = 0
}

inline close_tier() {
  ME.keeper = Closed;
  ME.sent = 0;
  forget_clean()
}

#if LATE
#define IS_MISSED ME.missed
#else
#define IS_MISSED (ME.missed || trimmed[life] > ME.read)
#endif
#define IS_GAP (ME.attached != PROOF_LIFE + 1 || IS_MISSED || PROOF_LAST < ME.read)

// PROTOCOL R10, R12: a new generation. What has been published by then counts as seen.
inline attach() {
  ME.attached = PROOF_LIFE + 1;
  ME.read = PROOF_LAST;
  ME.position = ME.read;
  ME.missed = 0;
  ME.floor = 0;
  if
  :: IS_READER ->
    ME.mark = ME.read;
#ifdef WITHOUT_R30_GAP
    ME.only_origin = 0;
#endif
#ifndef WITHOUT_R20_GENERATION
    forget_get();
#endif
    i = 1;
    do
    :: i <= ME.read -> RAISE(ME.owed, LOG(PROOF_LIFE, i)); i++
    :: else -> break
    od;
    i = 0;
    if
    :: PROOF_LIFE > 0 -> RAISE(ME.owed, lost)
    :: else
    fi
  :: else
  fi
}

#if LATE
#define IS_GAP_KNOWN (ME.proof && IS_GAP)
#else
#define IS_GAP_KNOWN false
#endif

inline send_apply(from) {
  ME.apply = Sent;
  ME.apply_from = from;
  ME.apply_to = ME.position;
  ME.sent = ME.position
}

inline forget_apply() {
  ME.apply = Nothing;
  ME.apply_from = 0;
  ME.apply_to = 0
}

#ifdef WITHOUT_R10_CLOSE
#define IS_CLOSED_FIRST true
#else
#define IS_CLOSED_FIRST (ME.keeper == Closed)
#endif
#ifdef WITHOUT_R25_CONNECT
#define IS_CLEAN_OF_MINE true
#else
#define IS_CLEAN_OF_MINE (ME.clean_life == ME.identity)
#endif
#ifdef WITHOUT_R26_REACH
#define REACHES_BACK true
#else
#define REACHES_BACK (trimmed[life] <= ME.clean)
#endif
#ifdef WITHOUT_R26_IDENTITY
#define IS_READ_OF_MINE true
#else
#define IS_READ_OF_MINE (ME.identity == life + 1)
#endif

proctype Feed(byte me) {
end:
  do
#if READS
  // A read brings the next event, which is applied (PROTOCOL R6), whoever's life it is of: proofs tell.
#if LATE
  :: d_step {
      ME.attached > 0 && !ME.proof && ME.read < last[life] ->
#else
  :: d_step {
      ME.attached > 0 && ME.read < last[life] ->
#endif
      if
      :: trimmed[life] > ME.read -> ME.missed = 1; ME.read = trimmed[life]
      :: else -> ME.read++; apply_event(LOG(life, ME.read), ME.read)
      fi
    }
#endif
#if LATE
  // A proof.
  :: d_step {
      !ME.proof ->
      ME.proof = 1;
      ME.proof_life = life;
      ME.proof_last = last[life];
      ME.missed = ME.missed || (ME.attached > 0 && trimmed[life] > ME.read);
      ME.proof_fresh = (ME.keeper == Noted)
    }
#endif
  // The answer to a proof arrives. At a gap the tier state is closed before the generation begins.
  :: d_step {
      PROOF ->
      if
      :: IS_GAP && !IS_CLOSED_FIRST -> close_tier()
      :: IS_GAP && IS_CLOSED_FIRST ->
#ifdef WITHOUT_R10_CLOSE
        ME.close_later = (ME.keeper != Closed);
#endif
        attach();
        forget_proof()
      :: else ->
        do
        :: ME.read < PROOF_LAST -> ME.read++; apply_event(LOG(PROOF_LIFE, ME.read), ME.read)
        :: else -> break
        od;
        ME.position = ME.read;
        if
        :: PROOF_FRESH && ME.keeper == Noted -> ME.keeper = Proven
        :: else
        fi;
        forget_proof()
      fi
    }
#ifdef WITHOUT_R10_CLOSE
  :: d_step { ME.close_later -> close_tier(); ME.close_later = 0 }
#endif
#if RESTART
  // The node ends, and starts anew. What goes over its connections may still arrive.
  :: d_step {
      ME.attached > 0 ->
      close_tier();
      forget_get();
      forget_proof();
      ME.attached = 0;
      ME.read = 0;
      ME.position = 0;
      ME.missed = 0;
      ME.floor = 0;
      ME.mark = 0;
      ME.only_origin = 0;
      ME.owed = 0
    }
#endif
  // The keeper connects: it notes what epoch there is, and how far the bucket is clean.
  :: d_step {
      ME.keeper == Closed && ME.apply == Nothing && ME.attached > 0 && !IS_GAP_KNOWN ->
#ifdef WITHOUT_R26_ORDER
      ME.keeper = Proven;
#else
      ME.keeper = Noted;
#endif
      ME.identity = ME.attached;
      ME.epoch = epoch;
      ME.clean_known = (MINE.identity != 0);
      ME.clean_life = MINE.identity;
      ME.clean = MINE.clean
    }
  // PROTOCOL R26: after a proof it replays the feed from there.
  :: d_step {
      ME.keeper == Proven && ME.apply == Nothing ->
      if
      :: !IS_READ_OF_MINE -> close_tier()
      :: IS_READ_OF_MINE && ME.epoch > 0 && !ME.clean_known ->
        send_apply(ME.position);
        ME.keeper = Replayed;
        forget_clean()
      :: IS_READ_OF_MINE && ME.epoch > 0 && ME.clean_known && IS_CLEAN_OF_MINE && ME.clean <= ME.position &&
         REACHES_BACK ->
        send_apply(ME.clean);
#ifdef WITHOUT_R26_REACH
        ME.told_from = trimmed[life];
#endif
#ifdef WITHOUT_R26_IDENTITY
        ME.told_life = life;
#endif
        ME.keeper = Replayed;
        forget_clean()
      // PROTOCOL R27: else a new epoch, of which one node is the maker; all begin anew with it.
      :: else ->
        if
#ifdef WITHOUT_R27
        :: epochs < EPOCHS ->
#else
        :: epoch == ME.epoch && epochs < EPOCHS ->
#endif
          epochs++;
          epoch = epochs
        :: else ->
#ifdef REACH_ADOPT
          assert(epoch == ME.epoch);  // Another node has moved it.
#endif
          skip
        fi;
        close_tier()
      fi
    }
  // After a proof, what it brought.
  :: d_step {
      ME.keeper == Open && ME.apply == Nothing && (EVICT || REWIND || ME.sent < ME.position) ->
      send_apply(ME.sent)
    }
  // The script, and with it its answer if that is good.
  :: atomic {
      ME.apply == Sent ->
      d_step {
        run_apply();
        if
        :: yes && ME.keeper == Replayed ->
#ifdef REACH_REPLAY
          assert(ME.apply_from == ME.apply_to);
#endif
          ME.keeper = Open
        :: else
        fi
      }
#if FORGET
      // Its floors go, for lack of room.
      if
      :: true
      :: has_moved && MINE.floor > 0 ->
        MINE.floor = 0;
#ifndef WITHOUT_R28
        MINE.mark = ME.apply_to
#endif
      fi;
#endif
      d_step {
        forget_apply();
        has_moved = 0;
        if
        :: !yes -> ME.apply = Refused
        :: else
        fi;
        yes = 0
      }
    }
#ifdef WITHOUT_R23_ONCE
  :: d_step { ME.delete_later > 0 && ME.apply == Nothing -> delete_below(ME.delete_later); ME.delete_later = 0 }
#endif
  // It was behind, or of another life; or the connection breaks, whether the script has run or not.
  :: d_step { ME.apply == Refused -> forget_apply(); close_tier() }
  :: d_step { ME.apply == Sent || ME.keeper == Open -> forget_apply(); close_tier() }
  od
}

// --- Origin, feed's server, Redis ---

inline append(event) {
  last[life]++;
  LOG(life, last[life]) = event;
  if
  :: event > 0 -> published[event] = 1
  :: else
  fi
}

inline copy(to, from) {
  to.identity = from.identity;
  to.clean = from.clean;
  to.mark = from.mark;
  to.birth = from.birth;
  to.floor = from.floor;
  to.entry_birth = from.entry_birth;
  to.entry_low = from.entry_low;
  i = 0;
  do
  :: i < URLS ->
    to.entry[i] = from.entry[i];
    to.entry_as_of[i] = from.entry_as_of[i];
    to.entry_version[i] = from.entry_version[i];
    i++
  :: else -> break
  od;
  i = 0
}

proctype World() {
  byte version;
end:
  do
  // Somebody uploads an avatar.
  :: d_step { current < VERSIONS -> current++ }
  // Its event is published after that, possibly after a later one's.
  :: atomic {
      last[life] < EVENTS ->
      version = 1;
      do
      :: version < current -> version++
      :: version <= current && !published[version] -> append(version); break
      :: version >= current -> break
      od;
      version = 0
    }
#if OTHERS
  :: d_step { life == 0 && last[life] < EVENTS -> append(0) }
#endif
#if TRIM
  :: d_step { trimmed[life] < last[life] -> trimmed[life]++ }
#endif
#if FAILOVERS
  // Another server takes over, with a part of the stream. IDs of what it had not heard of are given out again.
  :: atomic {
      life == 0 ->
      life = 1;
      at = 1;
      do
      :: at <= last[0] -> RAISE(lost, LOG(0, at)); at++
      :: else -> break
      od;
      at = 0;
      do
      :: at < last[0] -> at++; LOG(1, at) = LOG(0, at)
      :: break
      od;
      last[1] = at;
      trimmed[1] = (trimmed[0] < at -> trimmed[0] : at);
      at = 0
    }
#endif
#if EVICT
  :: atomic {
      epochs > 0 && evictions < EVICT ->
      at = 1;
      do
      :: at < epochs -> at++
      :: bucket[at].identity != 0 -> drop_guard(bucket[at]); COUNT_EVICTION; break
      :: bucket[at].entry_birth != 0 -> drop_entries(bucket[at]); COUNT_EVICTION; break
      :: at == epochs -> break
      od;
      at = 0
    }
#endif
#if REWIND
  :: d_step {
      saves == 0 ->
      saves = 1;
      saved_epoch = epoch;
      at = 1;
      do
      :: at <= EPOCHS -> copy(saved[at], bucket[at]); at++
      :: else -> break
      od;
      at = 0
    }
  :: d_step {
      saves == 1 ->
      saves = 2;
      epoch = saved_epoch;
      saved_epoch = 0;
      at = 1;
      do
      :: at <= EPOCHS ->
        copy(bucket[at], saved[at]);
        drop_entries(saved[at]);
        drop_guard(saved[at]);
        at++
      :: else -> break
      od;
      at = 0
    }
#endif
  od
}

init {
  atomic {
    at = 0;
    do
    :: at < NODES -> run Workers(at); run Feed(at); at++
    :: else -> break
    od;
    at = 0;
    run World()
  }
}
