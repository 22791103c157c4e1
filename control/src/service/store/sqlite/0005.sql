-- Ids of requests say nothing of when they came: in one index of them all, nearly every record changes a page of its own, more of
-- them the more there are. Each 65,536 entries have their own part of it, so that what is written to stays small.
drop index entries_request;
create index entries_request on entries (seq >> 16, request_id) where request_id is not null;
