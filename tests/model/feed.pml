// The update feed protocol, without the Redis tier: one avatar with one URL, its origin, the feed's server, the nodes,
// and whoever publishes. README.md says what is modelled and how it corresponds to the code.
//
// Every step is atomic, as it is in the program: it happens under the lock of a shard, in a script of the server, or in
// one turn of the feed's loop. Whoever takes no step for a while is slow, cut off, asleep, or stopped; nothing tells which.
//
// A guard that can be taken out stands between #ifndef WITHOUT_... and #endif. A scenario is a choice of the bounds and
// faults below; a REACH_... asks whether something can happen at all, and is expected to fail.

// --- Bounds and faults ---

#ifndef NODES
#define NODES 1
#endif
#ifndef SERVING  // So many of them are asked by clients; the others only stand in the registry.
#define SERVING 1
#endif
#ifndef VERSIONS  // The origin commits 1 to VERSIONS; 0 is there at first.
#define VERSIONS 1
#endif
#ifndef EVENTS  // So many entries fit into the stream of one life of the server.
#define EVENTS 2
#endif
#ifndef LEASE  // In ticks.
#define LEASE 1
#endif
#ifndef REGISTRY  // At least two leases.
#define REGISTRY (2 * LEASE)
#endif
#ifndef BATCH  // Entries that come along with a proof.
#define BATCH EVENTS
#endif
#ifndef FAILOVERS  // 0 or 1.
#define FAILOVERS 0
#endif
#ifndef DEPOSED  // 1: after a failover the old primary still runs, and nodes may be connected to it.
#define DEPOSED 0
#endif
#if DEPOSED
#ifndef LAG  // min-replicas-max-lag: for so long the old primary goes on accepting writes.
#define LAG 1
#endif
#else
#define LAG 0
#endif
#ifndef TRIM  // 1: old entries may be trimmed from the stream.
#define TRIM 0
#endif
#ifndef OTHERS  // 1: there are events of other avatars.
#define OTHERS 0
#endif
#ifndef WAIT  // 1: a publisher may wait for an acknowledgement.
#define WAIT 0
#endif
#ifndef REVALIDATE  // 1: a request may find what is held stale by its age, so that it is revalidated under a lease.
#define REVALIDATE 0
#endif
#ifndef PURGE  // 1: purges by hand.
#define PURGE 0
#endif
#ifndef UNSAFE  // 1: unsafe requests through the nodes.
#define UNSAFE 0
#endif
#ifndef LATECOMERS  // 1: who may not join a fill waits for its end.
#define LATECOMERS 0
#endif
#ifndef RESTART  // 1: a node may be stopped and start anew.
#define RESTART 0
#endif
#ifndef REPLICAS  // 1: origin replicas lag, and events bear versions. Only what is held is judged then.
#define REPLICAS 0
#endif

#define LIVES (1 + FAILOVERS)
#define BOUND (LEASE + LAG)

// How long `--wait` waits where the registry does not do, and how old an identity must be for its registry to do.
#if defined(WITHOUT_R18_LAG_LEASE)
#define WAIT_OUT LEASE
#elif defined(WITHOUT_R17_LONGEST)
#define WAIT_OUT (LEASE - 1 + LAG)
#else
#define WAIT_OUT (LEASE + LAG)
#endif
#ifdef WITHOUT_R18_LAG_IDENTITY
#define IDENTITY_AGE REGISTRY
#else
#define IDENTITY_AGE (REGISTRY + LAG)
#endif

#define RAISE(what, to) if :: to > what -> what = to :: else fi
#define OLDER(age, limit) if :: age < limit -> age++ :: else fi

// --- State ---

// Ages are counted in ticks since something was sent or written, and stand still where older makes no difference.

mtype = {Nothing, Asked, Answered};

typedef Node {
  // What memory holds.
  bit held;
  byte held_version;
  byte held_age;        // Since it was asked for, or last revalidated.
  bit held_old;         // Of a generation before.
  bit held_registered;  // Asked for since this node has stood in the registry.

  // The fill that runs. One that was voided stays until it ends or another begins; then its waiters are no concern any
  // more, for what they will get was judged when it was voided.
  mtype fill = Nothing;
  byte fill_version;    // Asked: of what is held, if it is a revalidation. Answered: what the origin said.
  byte fill_age;
  byte fill_owed;       // The oldest version that everybody who waits may get.
  bit fill_is_revalidation;
  bit fill_voided;
  bit fill_old;
  bit fill_registered;

#if LATECOMERS
  // A request that came while a fill ran that it may not join. It looks again when that ends.
  bit latecomer;
  byte latecomer_owed;
  bit fill_after;       // Begun after it had come, as was what is held.
  bit held_after;
#endif

  // An unsafe request under way.
  mtype unsafe = Nothing;
  byte unsafe_version;

  // The feed's reader. A connection is to one life of the server; 0 is the first.
  byte connected;
  byte attached;        // To the life before it in number: 0 is none.
  byte read;            // ID of the last event read and applied.
  bit missed;           // Its count is less than the server's was at that event.
  mtype proof = Nothing;
  byte proof_age;
  byte proof_from;      // What came along: entries after this one
  byte proof_to;        // up to this one,
  byte proof_last;      // where the stream ended there.

  byte lease_age;       // Since its proof was sent.
  byte registered_age;  // Since the write that put this node into the registry was sent, by its own clock.
  byte floor;           // The highest version that an event bore.

  // For judging: the oldest version that a request that comes now may get from this node, because of what was applied,
  // purged, committed or answered here (Fenced, and never older than before).
  byte owed;
#ifdef WITHOUT_R3_VOID
  bit void_later;
#endif
#ifdef WITHOUT_R3_ORDER
  bit drop_later;
#endif
#ifdef WITHOUT_R7
  bit reading;
  byte reading_id;
  byte reading_life;
#endif
#ifdef REACH_REPAIR
  bit repaired;
#endif
}
Node node[NODES];

// The origin.
byte current;
bit published[VERSIONS + 1];
byte published_age[VERSIONS + 1];

// The feed's server. In one life, the ID of an entry is its place, and the count of all entries ever added is the last ID.
byte life;
byte log[LIVES * (EVENTS + 1)];  // A version, or 0 for an event of another avatar.
byte last[LIVES];
byte trimmed[LIVES];             // Entries up to this one are gone.
#if WAIT
byte identity_age = IDENTITY_AGE;
byte entered_age[NODES];         // The registry of the current life.
byte entered_position[NODES];
#endif
#if DEPOSED
byte deposed_age;
#endif

#if WAIT
// A publisher that waits.
bit waits;
byte wait_version;
byte wait_id;
byte wait_life;
byte wait_age;
#endif
byte acknowledged;  // The oldest version that anybody may get anywhere.

// For use within a step only. `at` is used where a step has choices, so it has to be part of the state.
byte at;
hidden byte owed;
hidden byte i;
hidden byte yes;

#define LOG(of, id) log[(of) * (EVENTS + 1) + (id)]
#define ME node[me]

// --- Judging answers ---

// What a request that arrives now is owed at the least.
inline judge_arrival() {
  owed = ME.owed;
  RAISE(owed, acknowledged);
  i = VERSIONS;
  do
  :: i == 0 || (published[i] && published_age[i] == BOUND) -> break
  :: else -> i--
  od;
  RAISE(owed, i);
  i = 0
}

// A request that arrives now is answered with what is held.
inline answer_held() {
  assert(ME.held_version >= ME.owed);       // Fenced, and never older than before.
#if !REPLICAS
  assert(ME.held_version >= acknowledged);  // Acknowledged.
  judge_arrival();
  assert(ME.held_version >= owed);          // Bounded.
  RAISE(ME.owed, ME.held_version)
#endif
}

inline judge_fill() {
#if !REPLICAS
  assert(ME.fill_version >= ME.fill_owed)  // Whatever those who wait for the fill are owed.
#else
  skip
#endif
}

// --- Memory ---

#ifdef WITHOUT_R13_TIMER
bit lease_flag[NODES];
#define HAS_LEASE (lease_flag[me])
#else
#define HAS_LEASE (ME.lease_age < LEASE)  // PROTOCOL R13: read at each lookup.
#endif

#ifdef WITHOUT_R15_REGISTERED
#define REGISTERED(since) true
#else
#ifdef WITHOUT_R15_SINCE
#define REGISTERED(since) (ME.registered_age < REGISTRY)
#else
#define REGISTERED(since) (ME.registered_age < REGISTRY && since)
#endif
#endif
#ifdef WITHOUT_R14
#define YOUNG(age) true
#else
#define YOUNG(age) (age < LEASE)
#endif
#ifdef WITHOUT_R10_GENERATION
#define OF_NOW(old) true
#else
#define OF_NOW(old) (!old)
#endif
// PROTOCOL R14, R15.
#define MAY_USE_HELD \
  (ME.held && OF_NOW(ME.held_old) && (HAS_LEASE || (REGISTERED(ME.held_registered) && YOUNG(ME.held_age))))
// PROTOCOL R1, R11: nobody joins what was voided.
#if defined(WITHOUT_R1_JOIN)
#define RUNS (ME.fill != Nothing && !ME.fill_old)
#elif defined(WITHOUT_R11_JOIN)
#define RUNS (ME.fill != Nothing && !ME.fill_voided)
#else
#define RUNS (ME.fill != Nothing && !ME.fill_voided && !ME.fill_old)
#endif
// PROTOCOL R16.
#ifdef WITHOUT_R16
#define MAY_JOIN (RUNS && (HAS_LEASE || REGISTERED(ME.fill_registered)))
#else
#ifdef WITHOUT_R15_JOIN
#define MAY_JOIN RUNS
#else
#define MAY_JOIN (RUNS && (HAS_LEASE || (REGISTERED(ME.fill_registered) && ME.fill_age < LEASE)))
#endif
#endif

// Whether what is asked for now will count as asked for since this node has stood in the registry: it stands there, or a
// proof is under way that, if it is the first of a new stay, was sent before.
#define IN_REGISTRY (ME.registered_age < REGISTRY || ME.proof != Nothing)

inline begin_fill() {
  ME.fill = Asked;
  ME.fill_is_revalidation = ME.held;
  ME.fill_version = ME.held_version;
  ME.fill_age = 0;
  ME.fill_owed = owed;
  ME.fill_voided = 0;
  ME.fill_old = 0;
  ME.fill_registered = IN_REGISTRY;
#if LATECOMERS
  ME.fill_after = ME.latecomer;
#endif
  owed = 0
}

inline forget_fill() {
  ME.fill = Nothing;
  ME.fill_is_revalidation = 0;
  ME.fill_version = 0;
  ME.fill_age = 0;
  ME.fill_owed = 0;
  ME.fill_voided = 0;
  ME.fill_old = 0;
#if LATECOMERS
  ME.fill_after = 0;
#endif
  ME.fill_registered = 0
}

inline drop() {
  ME.held = 0;
  ME.held_version = 0;
  ME.held_age = 0;
  ME.held_old = 0;
#if LATECOMERS
  ME.held_after = 0;
#endif
  ME.held_registered = 0
}

// Those who wait get what the fill brings. What the origin has not said yet will be of now or later.
inline void_fill() {
  if
  :: ME.fill == Answered -> judge_fill()
  :: else
  fi;
  if
  :: ME.fill != Nothing -> ME.fill_voided = 1
  :: else
  fi
}

inline hold() {
  ME.held = 1;
  ME.held_version = ME.fill_version;
#ifdef WITHOUT_R14_SENT
  ME.held_age = 0;
#else
  ME.held_age = ME.fill_age;  // PROTOCOL R14: from when it was sent.
#endif
  ME.held_old = 0;
#if LATECOMERS
  ME.held_after = ME.fill_after;
#endif
  ME.held_registered = ME.fill_registered
}

// The one way into the cache (PROTOCOL R2).
inline end_fill() {
  judge_fill();
#if !REPLICAS
  RAISE(ME.owed, ME.fill_version);
#endif
  yes = !ME.fill_voided;
#ifdef WITHOUT_R2_304
  yes = yes || ME.fill_is_revalidation;
#endif
#ifndef WITHOUT_R11
  yes = yes && !ME.fill_old;
#endif
#if REPLICAS
#ifndef WITHOUT_R4
  yes = yes && ME.fill_version >= ME.floor;
#endif
#endif
#ifndef WITHOUT_R2_304
  // A 304 is about what is held, or about nothing.
  yes = yes && (!ME.fill_is_revalidation || (ME.held && ME.held_version == ME.fill_version));
#endif
#ifdef REACH_REPAIR
  ME.repaired = yes && ME.fill_is_revalidation && ME.held_old;
#endif
  if
  :: yes -> hold()
  :: else
  fi;
  forget_fill();
  yes = 0
}

// PROTOCOL R3: one step.
inline apply(version) {
  if
  :: version > 0 ->
#ifdef WITHOUT_R4_MAXIMUM
    ME.floor = version;
#else
    RAISE(ME.floor, version);
#endif
    RAISE(ME.owed, version);
#ifdef WITHOUT_R3_ORDER
    ME.drop_later = 1
#else
    drop();
#ifdef WITHOUT_R3_VOID
    ME.void_later = 1
#else
#ifndef WITHOUT_R1_EVENT
    void_fill()
#else
    skip
#endif
#endif
#endif
  :: else
  fi
}

proctype Requests(byte me) {
end:
  do
  // A request finds what may be used.
  :: d_step {
      MAY_USE_HELD ->
#ifdef REACH_HIT
      assert(!HAS_LEASE);
#endif
#ifdef REACH_REPAIR
      assert(!(HAS_LEASE && ME.repaired));
#endif
#ifdef REACH_HOLD
      assert(HAS_LEASE || ME.registered_age == 0);
#endif
      answer_held();
      owed = 0;
      i = 0
    }
#ifdef WITHOUT_R16_STALE
  // It is served stale while it is revalidated, lease or none.
  :: d_step { ME.held && !ME.held_old && RUNS -> answer_held(); owed = 0; i = 0 }
#endif
  // A request joins a fill.
  :: d_step {
      (!MAY_USE_HELD || REVALIDATE) && MAY_JOIN ->
      judge_arrival();
      RAISE(ME.fill_owed, owed);
      owed = 0;
      i = 0
    }
  // A request begins a fill.
  :: d_step {
      (!MAY_USE_HELD || REVALIDATE) && !RUNS ->
#ifdef REACH_ALONE
      assert(!(ME.held && !HAS_LEASE && !ME.held_old));
#endif
      judge_arrival();
      begin_fill();
      i = 0
    }
#if LATECOMERS
  // A request finds a fill that it may not join, and waits for its end (PROTOCOL R15).
  :: d_step {
      !MAY_USE_HELD && RUNS && !MAY_JOIN && !ME.latecomer ->
      judge_arrival();
      ME.latecomer = 1;
      ME.latecomer_owed = owed;
      ME.held_after = 0;
      ME.fill_after = 0;
      owed = 0;
      i = 0
    }
  // It looks again: what was asked for after it had come is as good as asking now.
  :: d_step {
      ME.latecomer && (!RUNS || ME.fill_after) ->
      if
#ifdef WITHOUT_R15_AFTER
      :: ME.held && !ME.held_old ->
#else
      :: MAY_USE_HELD || (ME.held && !ME.held_old && ME.held_after) ->
#endif
        assert(REPLICAS || ME.held_version >= ME.latecomer_owed);
        RAISE(ME.owed, ME.held_version)
      :: else ->
        if
        :: RUNS -> RAISE(ME.fill_owed, ME.latecomer_owed)
        :: else -> owed = ME.latecomer_owed; begin_fill()
        fi
      fi;
      ME.latecomer = 0;
      ME.latecomer_owed = 0;
      ME.held_after = 0;
      ME.fill_after = 0;
      owed = 0
    }
#endif
  // The origin answers a fill: 304 if it still has what was asked about.
#if REPLICAS
  :: atomic {
      ME.fill == Asked ->
      at = current;
      do
      :: at > 0 -> at--
      :: break
      od;
      ME.fill_is_revalidation = ME.fill_is_revalidation && ME.fill_version == at;
      ME.fill_version = at;
      ME.fill = Answered;
      at = 0
    }
#else
  :: d_step {
      ME.fill == Asked ->
      ME.fill_is_revalidation = ME.fill_is_revalidation && ME.fill_version == current;
      ME.fill_version = current;
      ME.fill = Answered
    }
#endif
  // That answer arrives.
  :: d_step { ME.fill == Answered -> end_fill() }
#if PURGE
  // Somebody purges the avatar here. Not with origin replicas, where nobody could say what is owed after it.
  :: d_step {
      ME.held || ME.fill != Nothing ->
      drop();
#ifndef WITHOUT_R1_PURGE
      void_fill();
#endif
      RAISE(ME.owed, current)
    }
#endif
#if UNSAFE
  // An unsafe request goes to the origin, which commits it; its answer, or that the connection broke, comes back.
  :: d_step {
      ME.unsafe == Nothing && current < VERSIONS ->
#ifdef WITHOUT_R5_ANSWER
      drop();
      void_fill();
#endif
      ME.unsafe = Asked
    }
  :: d_step {
      ME.unsafe == Asked && current < VERSIONS ->
      current++;
      ME.unsafe_version = current;
      ME.unsafe = Answered
    }
  :: d_step {
      ME.unsafe == Answered ->
#ifndef WITHOUT_R5_ANSWER
#ifndef WITHOUT_R5_HERE
      drop();
#ifndef WITHOUT_R1_UNSAFE
      void_fill();
#endif
#endif
#endif
      RAISE(ME.owed, ME.unsafe_version);
      ME.unsafe_version = 0;
      ME.unsafe = Nothing
    }
#endif
#ifdef WITHOUT_R3_VOID
  :: d_step { ME.void_later -> void_fill(); ME.void_later = 0 }
#endif
#ifdef WITHOUT_R3_ORDER
  :: d_step { ME.drop_later -> drop(); void_fill(); ME.drop_later = 0 }
#endif
#ifdef WITHOUT_R13_TIMER
  :: d_step { lease_flag[me] && ME.lease_age == LEASE -> lease_flag[me] = 0 }
#endif
  od
}

// --- The feed's reader ---

// Whether the server that this node is connected to takes writes, and answers at all.
#if DEPOSED
#ifdef WITHOUT_R8
#define ACCEPTS_PROOF true
#else
#define ACCEPTS_PROOF (ME.connected == life || deposed_age <= LAG)
#endif
#define ANSWERS true
#else
#define ACCEPTS_PROOF (ME.connected == life)
#define ANSWERS (ME.connected == life)
#endif
#define IS_ATTACHED_HERE (ME.attached == ME.connected + 1)

// PROTOCOL R15: what was asked for before a new stay in the registry begins does not count.
inline leave_registry() {
  if
  :: ME.registered_age == REGISTRY ->
    ME.held_registered = 0;
    ME.fill_registered = 0
  :: else
  fi
}

inline forget_proof() {
  ME.proof = Nothing;
  ME.proof_age = 0;
  ME.proof_from = 0;
  ME.proof_to = 0;
  ME.proof_last = 0
}

// PROTOCOL R10, R11: a gap. Nothing is dropped; all is of a generation before, whatever is under way as well.
inline attach() {
  ME.attached = ME.connected + 1;
  ME.read = ME.proof_last;
  ME.missed = 0;
  ME.held_old = ME.held;
  if
  :: ME.fill == Answered -> judge_fill()
  :: else
  fi;
  ME.fill_old = (ME.fill != Nothing);
  ME.floor = 0
}

inline believe() {
#ifdef WITHOUT_R13_SENT
  ME.lease_age = 0;
#else
  ME.lease_age = (ME.proof_age < LEASE -> ME.proof_age : LEASE);  // PROTOCOL R13.
#endif
#ifdef WITHOUT_R13_TIMER
  lease_flag[me] = 1;
#endif
  ME.registered_age = ME.proof_age
}

inline on_proven() {
  if
  :: me < SERVING -> believe()
  :: else
  fi
}

proctype Reader(byte me) {
end:
  do
  // The connection breaks, and there is another.
  :: d_step {
      ME.proof != Nothing || ME.connected != life ->
      forget_proof();
      leave_registry();
      ME.connected = life
    }
#if DEPOSED
  :: d_step { ME.connected != 0 && ME.proof == Nothing -> ME.connected = 0 }
#endif
  // A read brings the next event, which is applied (PROTOCOL R6).
#ifndef WITHOUT_R7
  :: d_step {
      ME.proof == Nothing && ANSWERS && IS_ATTACHED_HERE && ME.read < last[ME.connected] ->
      at = ME.read;
      RAISE(at, trimmed[ME.connected]);
      ME.missed = ME.missed || at > ME.read;
      if
      :: at < last[ME.connected] ->
        ME.read = at + 1;
        apply(LOG(ME.connected, ME.read))
      :: else
      fi;
#ifdef WITHOUT_R6_LEASE
      ME.lease_age = 0;
#endif
      at = 0
    }
#else
  // On another connection, which may be to another server, and lives on when the first one breaks.
  :: d_step {
      !ME.reading && ME.attached > 0 && ME.read < last[life] && trimmed[life] <= ME.read ->
      ME.reading = 1;
      ME.reading_id = ME.read + 1;
      ME.reading_life = life
    }
  :: d_step {
      ME.reading && ME.proof == Nothing ->
      if
      :: ME.reading_id == ME.read + 1 ->
        ME.read = ME.reading_id;
        apply(LOG(ME.reading_life, ME.reading_id))
      :: else
      fi;
      ME.reading = 0;
      ME.reading_id = 0;
      ME.reading_life = 0
    }
#endif
  // A proof is sent.
  :: d_step {
      ME.proof == Nothing && ANSWERS ->
      ME.proof = Asked
    }
  // The server's script.
  :: d_step {
      ME.proof == Asked && ACCEPTS_PROOF ->
      ME.proof = Answered;
      ME.proof_from = ME.read;
      RAISE(ME.proof_from, trimmed[ME.connected]);
      ME.proof_last = last[ME.connected];
      if
      :: ME.proof_from > ME.proof_last -> ME.proof_to = ME.proof_from
      :: else ->
        ME.proof_to = ME.proof_last;
        if
        :: ME.proof_to > ME.proof_from + BATCH -> ME.proof_to = ME.proof_from + BATCH
        :: else
        fi
      fi;
#if WAIT
#ifndef WITHOUT_R17_EXCHANGE
      if
      :: ME.connected == life ->
        entered_age[me] = 0;
        if
#ifdef WITHOUT_R18_POSITION
        :: !IS_ATTACHED_HERE
#else
        :: !IS_ATTACHED_HERE -> entered_position[me] = 0  // Its position is of another identity, if it has one.
#endif
#ifdef WITHOUT_R6
        :: IS_ATTACHED_HERE -> entered_position[me] = ME.read
#else
        // PROTOCOL R6, R17: only what is proven is acknowledged.
        :: IS_ATTACHED_HERE && !ME.missed && ME.proof_from == ME.read && ME.proof_to == ME.proof_last ->
          entered_position[me] = ME.read
        :: else
#endif
        fi
      :: else
      fi
#endif
#endif
    }
  // Its answer arrives.
  :: d_step {
      ME.proof == Answered ->
      if
#ifdef WITHOUT_R10_IDENTITY
      :: ME.attached == 0 || ME.proof_last < ME.read -> attach(); on_proven()
#else
      :: !IS_ATTACHED_HERE || ME.proof_last < ME.read -> attach(); on_proven()
#endif
      :: else ->
#ifdef WITHOUT_R10_IDENTITY
        ME.attached = ME.connected + 1;
#endif
        ME.missed = ME.missed || ME.proof_from > ME.read;
        at = ME.proof_from;
        do
        :: at < ME.proof_to -> at++; apply(LOG(ME.connected, at))
        :: else -> break
        od;
        ME.read = ME.proof_to;
        at = 0;
        if
#ifndef WITHOUT_R9
        :: ME.proof_to < ME.proof_last  // PROTOCOL R9: more has come than fits; the next one tells.
#endif
#ifndef WITHOUT_R10_COUNT
        :: ME.proof_to == ME.proof_last && ME.missed -> attach(); on_proven()
#endif
        :: else -> on_proven()
        fi
      fi;
      forget_proof();
      leave_registry()
    }
#ifdef WITHOUT_R17_EXCHANGE
  // An exchange of its own enters the node in the registry.
  :: d_step {
      ME.connected == life && IS_ATTACHED_HERE && !ME.missed && ME.read == last[life] ->
      entered_age[me] = 0;
      entered_position[me] = ME.read
    }
#endif
#ifdef WITHOUT_R17_LEAVE
  // It leaves the registry before it has stopped serving.
  :: d_step { entered_age[me] < REGISTRY -> entered_age[me] = REGISTRY; entered_position[me] = 0 }
#endif
#if RESTART
  // The node leaves the registry, ends, and starts anew. What was answered before still counts.
  :: d_step {
      ME.attached > 0 ->
      drop();
      forget_fill();
      forget_proof();
#if LATECOMERS
      ME.latecomer = 0;
      ME.latecomer_owed = 0;
#endif
      ME.attached = 0;
      ME.read = 0;
      ME.missed = 0;
      ME.floor = 0;
      ME.lease_age = LEASE;
#if WAIT
      entered_age[me] = REGISTRY;
      entered_position[me] = 0;
#endif
      ME.registered_age = REGISTRY
    }
#endif
  od
}

// --- Origin, server, publishers, time ---

#if WAIT
inline say_yes() {
  RAISE(acknowledged, wait_version);
  waits = 0;
  wait_version = 0;
  wait_id = 0;
  wait_life = 0;
  wait_age = 0
}
#endif

inline append(event) {
  last[life]++;
  LOG(life, last[life]) = event;
  if
  :: event > 0 -> published[event] = 1
  :: else
  fi
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
      :: version <= current && !published[version] ->
        append(version);
        if
#if WAIT
        :: !waits ->
          waits = 1;
          wait_version = version;
          wait_id = last[life];
          wait_life = life;
          wait_age = 0
#endif
        :: true
        fi;
        break
      :: version >= current -> break
      od;
      version = 0
    }
#if DEPOSED && WAIT
  // A publisher that is still connected to the old primary. Without --wait nobody would ever hear of its event.
  :: atomic {
      life > 0 && deposed_age <= LAG && !waits && last[0] < EVENTS ->
      version = 1;
      do
      :: version < current -> version++
      :: version <= current && !published[version] ->
        last[0]++;
        LOG(0, last[0]) = version;
        waits = 1;
        wait_version = version;
        wait_id = last[0];
        wait_life = 0;
        wait_age = 0;
        break
      :: version >= current -> break
      od;
      version = 0
    }
#endif
#if OTHERS
  :: d_step { last[life] < EVENTS -> append(0) }
#endif
#if TRIM
  :: d_step { trimmed[life] < last[life] -> trimmed[life]++ }
#endif
#if FAILOVERS
  // Another server takes over, with a part of the stream, and with the registry or without it. What it had not heard of
  // is lost, and its IDs are given out again.
  :: atomic {
      life == 0 ->
      life = 1;
      at = 0;
      do
      :: at < last[0] -> at++; LOG(1, at) = LOG(0, at)
      :: break
      od;
      last[1] = at;
      trimmed[1] = (trimmed[0] < at -> trimmed[0] : at);
      at = 0;
#if WAIT
      identity_age = 0;
      if
      :: true  // Nothing of the registry was lost.
      :: true ->
        do
        :: at < NODES -> entered_age[at] = REGISTRY; at++
        :: else -> break
        od
      fi;
#ifndef WITHOUT_R18_POSITION
      at = 0;
      do
      :: at < NODES -> entered_position[at] = 0; at++  // They are of an identity before.
      :: else -> break
      od;
#endif
      at = 0
#endif
    }
#endif
#if WAIT
  // PROTOCOL R19: whether the successor of the server that took the event has it nobody knows, so it is appended again.
#ifdef WITHOUT_R19_ID
#define IS_LOST (wait_life != life && last[life] < wait_id)  // Its ID may have been given out again.
#else
#define IS_LOST (wait_life != life)
#endif
  :: d_step {
      waits && IS_LOST && last[life] < EVENTS ->
      append(wait_version);
      wait_id = last[life];
      wait_life = life;
      wait_age = 0
    }
  // PROTOCOL R18: every node in the registry has reached it.
  :: d_step {
#ifdef WITHOUT_R18_IDENTITY
      waits && wait_life == life ->
#else
      waits && wait_life == life && identity_age == IDENTITY_AGE ->
#endif
      at = 0;
#ifdef WITHOUT_R18_EVERY
      yes = 0;
#else
      yes = 1;
#endif
      do
      :: at < NODES ->
#ifdef WITHOUT_R18_EVERY
        yes = yes || (entered_age[at] < REGISTRY && entered_position[at] >= wait_id);
#else
        yes = yes && (entered_age[at] == REGISTRY || entered_position[at] >= wait_id);
#endif
#ifdef REACH_ACKNOWLEDGEMENT
        yes = yes && entered_age[at] < REGISTRY;
#endif
        at++
      :: else -> break
      od;
      at = 0;
#ifdef REACH_ACKNOWLEDGEMENT
      assert(!yes);
#endif
      if
      :: yes -> say_yes()
      :: else
      fi;
      yes = 0
    }
  // Or the lease of those who have not is over.
#if defined(WITHOUT_R19)
  :: d_step { waits && wait_age == WAIT_OUT -> say_yes() }
#else
  :: d_step { waits && wait_age == WAIT_OUT && !IS_LOST -> say_yes() }
#endif
#ifdef WITHOUT_R8_LOOK
  // By what an old primary says, which by then would not take a write any more.
  :: d_step { waits && wait_age == WAIT_OUT && wait_life != life -> say_yes() }
#endif
#endif
  // Time passes.
  :: atomic {
      at = 1;
      do
      :: at <= VERSIONS ->
        if
        :: published[at] -> OLDER(published_age[at], BOUND)
        :: else
        fi;
        at++
      :: else -> break
      od;
#if WAIT
      OLDER(identity_age, IDENTITY_AGE);
      if
      :: waits -> OLDER(wait_age, WAIT_OUT)
      :: else
      fi;
#endif
#if DEPOSED
      if
      :: life > 0 -> OLDER(deposed_age, LAG + 1)
      :: else
      fi;
#endif
      at = 0;
      do
      :: at < NODES ->
#if WAIT
        OLDER(entered_age[at], REGISTRY);
#endif
        if
#ifdef WITHOUT_R13_BOOTTIME
        :: true  // Its clock stands still while the machine sleeps.
#endif
        :: at >= SERVING
        :: at < SERVING ->
          OLDER(node[at].lease_age, LEASE);
          OLDER(node[at].registered_age, REGISTRY);
          if
          :: node[at].registered_age == REGISTRY && node[at].proof == Nothing ->
            node[at].held_registered = 0;
            node[at].fill_registered = 0
          :: else
          fi;
          if
          :: node[at].held -> OLDER(node[at].held_age, LEASE)
          :: else
          fi;
          if
          :: node[at].fill != Nothing -> OLDER(node[at].fill_age, LEASE)
          :: else
          fi;
          if
          :: node[at].proof != Nothing -> OLDER(node[at].proof_age, REGISTRY)
          :: else
          fi
        fi;
        at++
      :: else -> break
      od;
      at = 0
    }
  od
}

init {
  atomic {
    at = 0;
    do
    :: at < NODES ->
      node[at].lease_age = LEASE;
      node[at].registered_age = REGISTRY;
#if WAIT
      entered_age[at] = REGISTRY;
#endif
      if
      :: at < SERVING -> run Requests(at)
      :: else
      fi;
      run Reader(at);
      at++
    :: else -> break
    od;
    at = 0;
    run World()
  }
}
