-- All that one look at a node needs, in one row and one round trip; rows as JSON so that columns may differ (13 to 18).
WITH conf AS MATERIALIZED (  -- read once: the server puts this view together anew each time
    SELECT name, setting, sourcefile FROM pg_settings
), here AS (
    SELECT pg_is_in_recovery() AS in_recovery,
           CASE WHEN pg_is_in_recovery()
                THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                ELSE pg_current_wal_lsn() END AS position
), segment AS (  -- the name of the file that ends with the last byte before the position, without its timeline
    SELECT upper(lpad(to_hex(n / per_log), 8, '0') || lpad(to_hex(n % per_log), 8, '0')) AS name
      FROM (SELECT div(pg_wal_lsn_diff(here.position, '0/0') - 1, size)::bigint AS n, 4294967296 / size AS per_log
              FROM here, (SELECT setting::bigint AS size FROM conf WHERE name = 'wal_segment_size') w) s
)
SELECT
    (SELECT system_identifier::text FROM pg_control_system()) AS sysid,
    current_setting('server_version_num')::int AS version,
    extract(epoch FROM clock_timestamp())::float8 AS clock,
    here.in_recovery,
    CASE WHEN here.in_recovery
         THEN greatest((SELECT received_tli FROM pg_stat_wal_receiver),
                       (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
                       (SELECT timeline_id FROM pg_control_checkpoint()),
                       -- Without a receiver the two above may be as old as the last restartpoint. The file that holds
                       -- the last position tells: where a timeline forked inside of it there are two, the higher is newer.
                       (SELECT max(('x' || left(w.name, 8))::bit(32)::int) FROM pg_ls_waldir() w, segment
                         WHERE w.name ~ '^[0-9A-F]{24}$' AND substr(w.name, 9) = segment.name))
         ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline,
    CASE WHEN NOT here.in_recovery THEN here.position::text END AS write_lsn,
    pg_last_wal_receive_lsn()::text AS receive_lsn,
    pg_last_wal_replay_lsn()::text AS replay_lsn,
    extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS last_replay_age,
    CASE WHEN here.in_recovery THEN pg_is_wal_replay_paused() ELSE false END AS replay_paused,
    (SELECT to_jsonb(r) - 'conninfo'
            || jsonb_build_object('age', extract(epoch FROM clock_timestamp() - r.last_msg_receipt_time))
       FROM pg_stat_wal_receiver r) AS receiver,
    (SELECT coalesce(jsonb_agg(to_jsonb(r) || jsonb_build_object(
                'slot', s.slot_name, 'reply_age', extract(epoch FROM clock_timestamp() - r.reply_time))), '[]')
       FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid) AS replication,
    (SELECT coalesce(jsonb_agg(to_jsonb(s) || jsonb_build_object(
                'retained', pg_wal_lsn_diff(here.position, s.restart_lsn))), '[]')
       FROM pg_replication_slots s) AS slots,
    (SELECT coalesce(jsonb_object_agg(application, sessions), '{}')
       FROM (SELECT coalesce(nullif(application_name, ''), 'unnamed') AS application, count(*) AS sessions
               FROM pg_stat_activity
              WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
                AND application_name NOT LIKE 'seconder%'
              GROUP BY 1) g) AS sessions,
    (SELECT to_jsonb(a) || jsonb_build_object(
                'archived_age', extract(epoch FROM clock_timestamp() - a.last_archived_time),
                'failed_age', extract(epoch FROM clock_timestamp() - a.last_failed_time),
                'command', (SELECT bool_or(setting NOT IN ('', '(disabled)')) FROM conf
                             WHERE name IN ('archive_command', 'archive_library')),
                'ready', CASE WHEN current_setting('archive_mode') = 'off' THEN 0 ELSE (
                    SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') END)
       FROM pg_stat_archiver a) AS archiver,
    (SELECT to_jsonb(w) || jsonb_build_object(
                'uptime', extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()),
                'reset_age', extract(epoch FROM clock_timestamp() - (to_jsonb(w) ->> 'stats_reset')::timestamptz),
                'since_redo', pg_wal_lsn_diff(here.position, c.redo_lsn),
                'redo_age', extract(epoch FROM clock_timestamp() - c.checkpoint_time))
       FROM pg_stat_wal w, pg_control_checkpoint() c) AS wal,
    (SELECT jsonb_object_agg(name, setting) FROM conf
      WHERE name IN ('max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions',
                     'max_locks_per_transaction', 'max_replication_slots', 'wal_level', 'wal_log_hints',
                     'data_checksums', 'full_page_writes', 'archive_mode', 'hot_standby', 'hot_standby_feedback',
                     'synchronous_standby_names', 'primary_slot_name', 'recovery_min_apply_delay', 'cluster_name',
                     'wal_sender_timeout', 'wal_receiver_timeout', 'wal_segment_size', 'wal_keep_size',
                     'max_slot_wal_keep_size', 'summarize_wal', 'allow_alter_system', 'port', 'data_directory',
                     'config_file', 'shared_preload_libraries', 'server_version', 'superuser_reserved_connections')
    ) AS settings,
    -- What others that operate clusters leave behind: sessions of theirs, files of settings, extensions, slots.
    jsonb_build_object(
        'session', (SELECT jsonb_agg(DISTINCT application_name) FROM pg_stat_activity
                     WHERE application_name ~* '^(patroni|repmgr|pg_?auto)' AND backend_type = 'client backend'),
        'file', (SELECT jsonb_agg(DISTINCT substring(sourcefile from '[^/]+$')) FROM conf
                  WHERE sourcefile ~ '/postgresql(.base|-auto-failover[^/]*).conf$'),
        'library', (SELECT to_jsonb(string_to_array(replace(setting, ' ', ''), ',')) FROM conf
                     WHERE name = 'shared_preload_libraries'),
        'extension', (SELECT jsonb_agg(extname) FROM pg_extension WHERE extname IN ('repmgr', 'pgautofailover')),
        'database', (SELECT jsonb_agg(datname) FROM pg_database WHERE datname = 'repmgr'),
        'slot', (SELECT jsonb_agg(slot_name) FROM pg_replication_slots
                  WHERE slot_name ~ '^(pgautofailover_standby|repmgr_slot)_')
    ) AS traces,
    (SELECT setting <> '' FROM conf WHERE name = 'restore_command') AS restore_command,
    (SELECT count(*)::int FROM pg_stat_progress_basebackup) AS backups_running,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('gid', gid, 'database', database,
                'age', extract(epoch FROM clock_timestamp() - prepared))), '[]') FROM pg_prepared_xacts) AS prepared,
    (SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.age DESC), '[]')
       FROM (SELECT pid, coalesce(application_name, '') AS application, coalesce(usename, '') AS user,
                    coalesce(state, '') AS state, extract(epoch FROM clock_timestamp() - xact_start) AS age
               FROM pg_stat_activity
              WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
                AND xact_start < clock_timestamp() - interval '15 s'
              ORDER BY xact_start LIMIT 5) t) AS long_transactions
FROM here
