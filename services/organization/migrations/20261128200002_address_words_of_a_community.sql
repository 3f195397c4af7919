-- Words are no longer one community's alone. That they name one area in a
-- community is held by the command, under a lock of the words.
alter table address drop constraint address_normalized_text_key;
