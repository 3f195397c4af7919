-- What ends with what, in one place for figures and wall. A record holds while its
-- own days do, and while what it is of holds: one step, nothing cascades. What lies
-- in an area that has ended goes on; only the post of a grid worker is of the grid.

-- The unit in which the post is held; null for a post in an area, and for what was
-- applied before this column was there, until it changes or is made again.
alter table appointment add column unit_id uuid;

-- Appointments, each with the day on which it or what it is of ends.
create view post_held as
select id, person_id, post, area_code, start_date,
    least(
        end_date,
        (select above.end_date from unit above where above.id = appointment.unit_id),
        -- Grid workers, full-time and part-time.
        case when unit_id is null and post in (4, 5) then (
            select min(above.end_date) from area above where above.code = appointment.area_code
        ) end
    ) as end_date
from appointment;

-- Plain records, each with the day on which it or what it is of ends.
create view fact_held as
select record_id, service, kind, area_code, parent_id, subject_id, code, start_date,
    least(
        end_date,
        (select min(above.end_date) from fact above where above.record_id in (fact.parent_id, fact.subject_id)),
        (select min(above.end_date) from unit above where above.id in (fact.parent_id, fact.subject_id))
    ) as end_date
from fact;
