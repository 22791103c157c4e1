-- The version that is asked beside the one in force, as JSON.
alter table policies add column shadow text;
