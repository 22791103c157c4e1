-- The tests that a version of a policy comes with: `[{"name": ..., "cases": ...}]`.
alter table versions add column tests text not null default '[]';
