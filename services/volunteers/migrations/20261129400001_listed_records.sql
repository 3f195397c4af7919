-- no-transaction
-- What lists of records read: in the order of entry, by the prefixes of areas' codes,
-- by state, by the record to which they belong, and by the days on which they hold.
create index concurrently if not exists volunteer_listed_15 on volunteer (left(area_code, 15), entry);
create index concurrently if not exists volunteer_listed_12 on volunteer (left(area_code, 12), entry);
create index concurrently if not exists volunteer_listed_9 on volunteer (left(area_code, 9), entry);
create index concurrently if not exists volunteer_listed_6 on volunteer (left(area_code, 6), entry);
create index concurrently if not exists volunteer_holds on volunteer using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists team_listed_15 on team (left(area_code, 15), entry);
create index concurrently if not exists team_listed_12 on team (left(area_code, 12), entry);
create index concurrently if not exists team_listed_9 on team (left(area_code, 9), entry);
create index concurrently if not exists team_listed_6 on team (left(area_code, 6), entry);
create index concurrently if not exists team_holds on team using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists team_member_listed_15 on team_member (left(area_code, 15), entry);
create index concurrently if not exists team_member_listed_12 on team_member (left(area_code, 12), entry);
create index concurrently if not exists team_member_listed_9 on team_member (left(area_code, 9), entry);
create index concurrently if not exists team_member_listed_6 on team_member (left(area_code, 6), entry);
create index concurrently if not exists team_member_holds on team_member using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists service_post_listed_15 on service_post (left(area_code, 15), entry);
create index concurrently if not exists service_post_listed_12 on service_post (left(area_code, 12), entry);
create index concurrently if not exists service_post_listed_9 on service_post (left(area_code, 9), entry);
create index concurrently if not exists service_post_listed_6 on service_post (left(area_code, 6), entry);
create index concurrently if not exists service_post_holds on service_post using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists post_holder_listed_15 on post_holder (left(area_code, 15), entry);
create index concurrently if not exists post_holder_listed_12 on post_holder (left(area_code, 12), entry);
create index concurrently if not exists post_holder_listed_9 on post_holder (left(area_code, 9), entry);
create index concurrently if not exists post_holder_listed_6 on post_holder (left(area_code, 6), entry);
create index concurrently if not exists post_holder_holds on post_holder using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists station_listed_15 on station (left(area_code, 15), entry);
create index concurrently if not exists station_listed_12 on station (left(area_code, 12), entry);
create index concurrently if not exists station_listed_9 on station (left(area_code, 9), entry);
create index concurrently if not exists station_listed_6 on station (left(area_code, 6), entry);
create index concurrently if not exists station_holds on station using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists functional_area_listed_15 on functional_area (left(area_code, 15), entry);
create index concurrently if not exists functional_area_listed_12 on functional_area (left(area_code, 12), entry);
create index concurrently if not exists functional_area_listed_9 on functional_area (left(area_code, 9), entry);
create index concurrently if not exists functional_area_listed_6 on functional_area (left(area_code, 6), entry);
create index concurrently if not exists functional_area_holds on functional_area using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists catalogue_item_listed_15 on catalogue_item (left(area_code, 15), entry);
create index concurrently if not exists catalogue_item_listed_12 on catalogue_item (left(area_code, 12), entry);
create index concurrently if not exists catalogue_item_listed_9 on catalogue_item (left(area_code, 9), entry);
create index concurrently if not exists catalogue_item_listed_6 on catalogue_item (left(area_code, 6), entry);
create index concurrently if not exists catalogue_item_holds on catalogue_item using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists provider_contract_listed_15 on provider_contract (left(area_code, 15), entry);
create index concurrently if not exists provider_contract_listed_12 on provider_contract (left(area_code, 12), entry);
create index concurrently if not exists provider_contract_listed_9 on provider_contract (left(area_code, 9), entry);
create index concurrently if not exists provider_contract_listed_6 on provider_contract (left(area_code, 6), entry);
create index concurrently if not exists provider_contract_holds on provider_contract using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists subsidy_entry_listed_15 on subsidy_entry (left(area_code, 15), entry);
create index concurrently if not exists subsidy_entry_listed_12 on subsidy_entry (left(area_code, 12), entry);
create index concurrently if not exists subsidy_entry_listed_9 on subsidy_entry (left(area_code, 9), entry);
create index concurrently if not exists subsidy_entry_listed_6 on subsidy_entry (left(area_code, 6), entry);
create index concurrently if not exists service_event_listed_15 on service_event (left(area_code, 15), state, entry);
create index concurrently if not exists service_event_listed_12 on service_event (left(area_code, 12), state, entry);
create index concurrently if not exists service_event_listed_9 on service_event (left(area_code, 9), state, entry);
create index concurrently if not exists service_event_listed_6 on service_event (left(area_code, 6), state, entry);
create index concurrently if not exists service_event_listed on service_event (state, entry);
create index concurrently if not exists shift_listed_15 on shift (left(area_code, 15), state, entry);
create index concurrently if not exists shift_listed_12 on shift (left(area_code, 12), state, entry);
create index concurrently if not exists shift_listed_9 on shift (left(area_code, 9), state, entry);
create index concurrently if not exists shift_listed_6 on shift (left(area_code, 6), state, entry);
create index concurrently if not exists shift_listed on shift (state, entry);
create index concurrently if not exists shift_listed_of on shift ((coalesce(service_event_id, service_post_id, station_id)), state, entry);
create index concurrently if not exists training_listed_15 on training (left(area_code, 15), entry);
create index concurrently if not exists training_listed_12 on training (left(area_code, 12), entry);
create index concurrently if not exists training_listed_9 on training (left(area_code, 9), entry);
create index concurrently if not exists training_listed_6 on training (left(area_code, 6), entry);
create index concurrently if not exists need_listed_15 on need (left(area_code, 15), entry);
create index concurrently if not exists need_listed_12 on need (left(area_code, 12), entry);
create index concurrently if not exists need_listed_9 on need (left(area_code, 9), entry);
create index concurrently if not exists need_listed_6 on need (left(area_code, 6), entry);
create index concurrently if not exists need_holds on need using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists resource_listed_15 on resource (left(area_code, 15), entry);
create index concurrently if not exists resource_listed_12 on resource (left(area_code, 12), entry);
create index concurrently if not exists resource_listed_9 on resource (left(area_code, 9), entry);
create index concurrently if not exists resource_listed_6 on resource (left(area_code, 6), entry);
create index concurrently if not exists resource_holds on resource using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists need_match_listed_15 on need_match (left(area_code, 15), entry);
create index concurrently if not exists need_match_listed_12 on need_match (left(area_code, 12), entry);
create index concurrently if not exists need_match_listed_9 on need_match (left(area_code, 9), entry);
create index concurrently if not exists need_match_listed_6 on need_match (left(area_code, 6), entry);
create index concurrently if not exists project_listed_15 on project (left(area_code, 15), state, entry);
create index concurrently if not exists project_listed_12 on project (left(area_code, 12), state, entry);
create index concurrently if not exists project_listed_9 on project (left(area_code, 9), state, entry);
create index concurrently if not exists project_listed_6 on project (left(area_code, 6), state, entry);
create index concurrently if not exists project_listed on project (state, entry);
create index concurrently if not exists project_claim_listed_15 on project_claim (left(area_code, 15), state, entry);
create index concurrently if not exists project_claim_listed_12 on project_claim (left(area_code, 12), state, entry);
create index concurrently if not exists project_claim_listed_9 on project_claim (left(area_code, 9), state, entry);
create index concurrently if not exists project_claim_listed_6 on project_claim (left(area_code, 6), state, entry);
create index concurrently if not exists project_claim_listed on project_claim (state, entry);
create index concurrently if not exists project_claim_listed_of on project_claim (project_id, state, entry);
create index concurrently if not exists beneficiary_listed_15 on beneficiary (left(area_code, 15), entry);
create index concurrently if not exists beneficiary_listed_12 on beneficiary (left(area_code, 12), entry);
create index concurrently if not exists beneficiary_listed_9 on beneficiary (left(area_code, 9), entry);
create index concurrently if not exists beneficiary_listed_6 on beneficiary (left(area_code, 6), entry);
create index concurrently if not exists wish_listed_15 on wish (left(area_code, 15), state, entry);
create index concurrently if not exists wish_listed_12 on wish (left(area_code, 12), state, entry);
create index concurrently if not exists wish_listed_9 on wish (left(area_code, 9), state, entry);
create index concurrently if not exists wish_listed_6 on wish (left(area_code, 6), state, entry);
create index concurrently if not exists wish_listed on wish (state, entry);
create index concurrently if not exists recurring_session_listed_15 on recurring_session (left(area_code, 15), entry);
create index concurrently if not exists recurring_session_listed_12 on recurring_session (left(area_code, 12), entry);
create index concurrently if not exists recurring_session_listed_9 on recurring_session (left(area_code, 9), entry);
create index concurrently if not exists recurring_session_listed_6 on recurring_session (left(area_code, 6), entry);
create index concurrently if not exists recurring_session_holds on recurring_session using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists closed_day_listed_15 on closed_day (left(area_code, 15), entry);
create index concurrently if not exists closed_day_listed_12 on closed_day (left(area_code, 12), entry);
create index concurrently if not exists closed_day_listed_9 on closed_day (left(area_code, 9), entry);
create index concurrently if not exists closed_day_listed_6 on closed_day (left(area_code, 6), entry);
create index concurrently if not exists booking_listed_15 on booking (left(area_code, 15), state, entry);
create index concurrently if not exists booking_listed_12 on booking (left(area_code, 12), state, entry);
create index concurrently if not exists booking_listed_9 on booking (left(area_code, 9), state, entry);
create index concurrently if not exists booking_listed_6 on booking (left(area_code, 6), state, entry);
create index concurrently if not exists booking_listed on booking (state, entry);
create index concurrently if not exists booking_listed_of on booking (recurring_session_id, state, entry);
create index concurrently if not exists delivery_listed_15 on delivery (left(area_code, 15), state, entry);
create index concurrently if not exists delivery_listed_12 on delivery (left(area_code, 12), state, entry);
create index concurrently if not exists delivery_listed_9 on delivery (left(area_code, 9), state, entry);
create index concurrently if not exists delivery_listed_6 on delivery (left(area_code, 6), state, entry);
create index concurrently if not exists delivery_listed on delivery (state, entry);
create index concurrently if not exists delivery_listed_of on delivery (station_id, state, entry);
create index concurrently if not exists service_record_listed_15 on service_record (left(area_code, 15), state, entry);
create index concurrently if not exists service_record_listed_12 on service_record (left(area_code, 12), state, entry);
create index concurrently if not exists service_record_listed_9 on service_record (left(area_code, 9), state, entry);
create index concurrently if not exists service_record_listed_6 on service_record (left(area_code, 6), state, entry);
create index concurrently if not exists service_record_listed on service_record (state, entry);
create index concurrently if not exists service_record_listed_of on service_record ((coalesce(station_id, service_event_id)), state, entry);
create index concurrently if not exists station_visit_listed_15 on station_visit (left(area_code, 15), entry);
create index concurrently if not exists station_visit_listed_12 on station_visit (left(area_code, 12), entry);
create index concurrently if not exists station_visit_listed_9 on station_visit (left(area_code, 9), entry);
create index concurrently if not exists station_visit_listed_6 on station_visit (left(area_code, 6), entry);
create index concurrently if not exists agency_case_listed_15 on agency_case (left(area_code, 15), state, entry);
create index concurrently if not exists agency_case_listed_12 on agency_case (left(area_code, 12), state, entry);
create index concurrently if not exists agency_case_listed_9 on agency_case (left(area_code, 9), state, entry);
create index concurrently if not exists agency_case_listed_6 on agency_case (left(area_code, 6), state, entry);
create index concurrently if not exists agency_case_listed on agency_case (state, entry);
create index concurrently if not exists agency_case_listed_of on agency_case (station_id, state, entry);
create index concurrently if not exists station_duty_listed_15 on station_duty (left(area_code, 15), entry);
create index concurrently if not exists station_duty_listed_12 on station_duty (left(area_code, 12), entry);
create index concurrently if not exists station_duty_listed_9 on station_duty (left(area_code, 9), entry);
create index concurrently if not exists station_duty_listed_6 on station_duty (left(area_code, 6), entry);
create index concurrently if not exists venue_route_listed_15 on venue_route (left(area_code, 15), entry);
create index concurrently if not exists venue_route_listed_12 on venue_route (left(area_code, 12), entry);
create index concurrently if not exists venue_route_listed_9 on venue_route (left(area_code, 9), entry);
create index concurrently if not exists venue_route_listed_6 on venue_route (left(area_code, 6), entry);
create index concurrently if not exists venue_route_holds on venue_route using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists route_venue_listed_15 on route_venue (left(area_code, 15), entry);
create index concurrently if not exists route_venue_listed_12 on route_venue (left(area_code, 12), entry);
create index concurrently if not exists route_venue_listed_9 on route_venue (left(area_code, 9), entry);
create index concurrently if not exists route_venue_listed_6 on route_venue (left(area_code, 6), entry);
create index concurrently if not exists route_venue_holds on route_venue using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists registration_listed_15 on registration (
    left(area_code, 15), start_date desc, registration_id desc);
create index concurrently if not exists registration_listed_12 on registration (
    left(area_code, 12), start_date desc, registration_id desc);
create index concurrently if not exists registration_listed_9 on registration (
    left(area_code, 9), start_date desc, registration_id desc);
create index concurrently if not exists registration_listed_6 on registration (
    left(area_code, 6), start_date desc, registration_id desc);
create index concurrently if not exists check_in_visit_listed_15 on check_in_visit (
    left(area_code, 15), visit_time desc, check_in_visit_id desc);
create index concurrently if not exists check_in_visit_listed_12 on check_in_visit (
    left(area_code, 12), visit_time desc, check_in_visit_id desc);
create index concurrently if not exists check_in_visit_listed_9 on check_in_visit (
    left(area_code, 9), visit_time desc, check_in_visit_id desc);
create index concurrently if not exists check_in_visit_listed_6 on check_in_visit (
    left(area_code, 6), visit_time desc, check_in_visit_id desc);
