-- The chain. `content` is taken out of an entry by retention and erasure; its hash stays.
-- The columns from `epoch` on are those that audit records can be found by.
--
-- Partitioned by the time at which entries come, so that what is written to stays small; whoever writes makes the partition.
-- A unique index would have to hold that time, too: that no place is taken twice, and no record kept twice, is seen to by
-- the lock that whoever writes the chain holds.
create table entries (
    seq bigint not null,
    kind text not null,
    node text not null,
    received_us bigint not null,
    content text,
    content_hash bytea not null,
    hash bytea not null,
    epoch text,
    sequence bigint,
    decision_id text,
    request_id text,
    time_us bigint,
    policy text,
    digest text,
    action text,
    rule text,
    level text,
    provider text,
    model text,
    client text,
    team text,
    status bigint,
    primary key (seq, received_us)
) partition by range (received_us);
create index entries_decision on entries (decision_id) where decision_id is not null;
create index entries_request on entries (request_id) where request_id is not null;
create index entries_time on entries (time_us) where time_us is not null;

-- Signatures over the chain as far as it came.
create table checkpoints (
    seq bigint primary key,
    hash bytea not null,
    time_us bigint not null,
    signature text not null
);

-- The lives of filters, and which of their records are missing.
create table instances (
    epoch text primary key,
    node text not null,
    highest bigint not null,
    holes text not null,
    last_us bigint not null
);

-- `revision` counts every change to a policy: it is what a concurrent change is noticed by.
create table policies (
    name text primary key,
    revision bigint not null,
    latest bigint not null,
    published bigint,
    selector text not null,
    rollout text
);

create table versions (
    policy text not null references policies (name),
    number bigint not null,
    state text not null,
    digest text not null,
    document text not null,
    -- The tests that it comes with: `[{"name": ..., "cases": ...}]`.
    tests text not null,
    author text not null,
    message text not null,
    source text,
    created_us bigint not null,
    published_by text,
    primary key (policy, number)
);
create index versions_digest on versions (digest);

-- Tokens of the API: the hash of what proves each.
create table tokens (
    id bigint primary key,
    name text not null,
    role text not null,
    hash bytea not null unique,
    created_by text not null,
    created_us bigint not null,
    expires_us bigint not null,
    revoked_us bigint
);

-- What each replica of the service knows of each Envoy, as JSON.
create table nodes (
    id text not null,
    replica text not null,
    node text not null,
    primary key (id, replica)
);

-- The replicas of the service, and when each was last alive.
create table replicas (
    id text primary key,
    seen_us bigint not null
);
