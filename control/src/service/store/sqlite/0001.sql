-- The chain. `content` is taken out of an entry by retention and erasure; its hash stays.
-- The columns from `epoch` on are those that audit records can be found by.
create table entries (
    seq integer primary key,
    kind text not null,
    node text not null,
    received_us integer not null,
    content text,
    content_hash blob not null,
    hash blob not null,
    epoch text,
    sequence integer,
    decision_id text,
    request_id text,
    time_us integer,
    policy text,
    digest text,
    action text,
    rule text,
    level text,
    provider text,
    model text,
    client text,
    team text,
    status integer
) strict;
create unique index entries_sequence on entries (epoch, sequence) where epoch is not null;
create index entries_decision on entries (decision_id) where decision_id is not null;
create index entries_request on entries (request_id) where request_id is not null;
create index entries_time on entries (time_us) where time_us is not null;

-- Signatures over the chain as far as it came.
create table checkpoints (
    seq integer primary key,
    hash blob not null,
    time_us integer not null,
    signature text not null
) strict;

-- The lives of filters, and which of their records are missing.
create table instances (
    epoch text primary key,
    node text not null,
    highest integer not null,
    holes text not null,
    last_us integer not null
) strict, without rowid;

-- `revision` counts every change to a policy: it is what a concurrent change is noticed by.
create table policies (
    name text primary key,
    revision integer not null,
    latest integer not null,
    published integer,
    selector text not null,
    rollout text
) strict, without rowid;

create table versions (
    policy text not null references policies (name),
    number integer not null,
    state text not null,
    digest text not null,
    document text not null,
    author text not null,
    message text not null,
    source text,
    created_us integer not null,
    published_by text,
    primary key (policy, number)
) strict, without rowid;
create index versions_digest on versions (digest);

-- Tokens of the API: the hash of what proves each.
create table tokens (
    id integer primary key,
    name text not null,
    role text not null,
    hash blob not null unique,
    created_by text not null,
    created_us integer not null,
    expires_us integer not null,
    revoked_us integer
) strict;

-- What is known of each Envoy, as JSON.
create table nodes (
    id text primary key,
    node text not null
) strict, without rowid;
