-- no-transaction
create unique index concurrently group_message_source_message_id on group_message (chat_group_id, source_message_id)
    where source_message_id is not null;
