-- How far replay is on one node, and what holds it. A commit is not applied while a standby waits in its delay, and a
-- pause that was asked for takes hold right after that wait, before the commit: nobody calls that "paused" yet.
SELECT
    (SELECT system_identifier::text FROM pg_control_system()) AS system,
    pg_is_in_recovery() AS in_recovery,
    CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() ELSE 'not paused' END AS state,
    EXISTS (SELECT 1 FROM pg_stat_activity
             WHERE backend_type = 'startup' AND wait_event = 'RecoveryApplyDelay') AS delaying,
    greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::text AS received,
    pg_last_wal_replay_lsn()::text AS replayed,
    pg_last_xact_replay_timestamp() AS committed,
    clock_timestamp() AS now,
    (SELECT setting::bigint FROM pg_settings WHERE name = 'recovery_min_apply_delay') AS delay,
    current_setting('hot_standby')::bool AS hot,
    (SELECT coalesce(string_agg(name || ' = ' || setting, ', ' ORDER BY name), '') FROM pg_settings
      WHERE name LIKE 'recovery_target%' AND setting <> ''
        AND name NOT IN ('recovery_target_action', 'recovery_target_inclusive', 'recovery_target_timeline')) AS target,
    current_setting('seconder.apply_delay', true) AS kept_delay
