-- What each replica of the service knows of each Envoy. Here there is one, without a name.
create table nodes_by_replica (
    id text not null,
    replica text not null,
    node text not null,
    primary key (id, replica)
) strict, without rowid;
insert into nodes_by_replica (id, replica, node) select id, '', node from nodes;
drop table nodes;
alter table nodes_by_replica rename to nodes;

-- The replicas of the service, and when each was last alive.
create table replicas (
    id text primary key,
    seen_us integer not null
) strict, without rowid;
