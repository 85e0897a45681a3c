"""Hooks out of the configuration's tables: each as a value of the fleet, its parts' places taken over from it."""

from collections.abc import Mapping

from bot.settings_hooks_file import EffectTable, HookTable, HostTable, HttpTable
from fleet.hooks.hook import BOT, Call, Command, Effect, Hook, Statements
from fleet.inventory import LOCAL, Host


def hooks_of(tables: tuple[HookTable, ...]) -> tuple[Hook, ...]:
    """Give a cluster's hooks, in their order."""
    return tuple(map(hook_of, tables))


def hook_of(table: HookTable) -> Hook:
    """Give one hook."""
    return Hook(
        name=table.name,
        at=table.at,
        plan=table.plan,
        effect=effect_of(itself(table)),
        proof=effect_of(part(table, table.proof)) if table.proof else None,
        undo=effect_of(part(table, table.undo)) if table.undo else None,
        failure=table.failure,
        repeatable=table.repeatable,
    )


def itself(table: HookTable) -> EffectTable:
    """Give what a hook does, as one of its own parts would be written."""
    return EffectTable.model_construct(
        **{key: getattr(table, key) for key in EffectTable.model_fields if key in HookTable.model_fields}
    )


def part(table: HookTable, own: EffectTable) -> EffectTable:
    """Give a proof or an undo, in the hook's place unless it names its own."""
    if own.http is not None:
        return own
    keys: tuple[str, ...] = ("on", "run_as", "environment") if own.command else ("on", "conninfo", "passfile")
    if own.on is not None and own.on != table.on:
        keys = ()  # elsewhere: who runs it there, and with what, is not known from here
    elif own.conninfo is not None:
        keys = ("passfile",)
    return own.model_copy(update={key: getattr(table, key) for key in keys if getattr(own, key) is None})


def effect_of(table: EffectTable) -> Effect:
    """Give what is carried out; the table has exactly one kind."""
    if table.command:
        return Command(
            argv=table.command,
            on=table.on or BOT,
            run_as=table.run_as or "",
            environment=table.environment or "",
            contains=table.contains,
            seconds=table.time_limit,
        )
    if table.http is not None:
        return _call(table.http, table)
    conninfo = table.conninfo or ""
    return Statements(
        file=table.sql or "",
        on="" if conninfo else table.on or "",
        conninfo=conninfo,
        passfile=table.passfile or "",
        expect=table.expect,
        seconds=table.time_limit,
    )


def _call(http: HttpTable, table: EffectTable) -> Call:
    return Call(
        url=http.url,
        method=http.method,
        body=http.body,
        headers=http.headers,
        statuses=http.status,
        contains=table.contains,
        seconds=table.time_limit,
    )


def hosts_of(hooks: tuple[Hook, ...], tables: Mapping[str, HostTable]) -> dict[str, Host]:
    """Give the machines that these hooks name."""
    named = {effect.on for hook in hooks for effect in hook.effects if isinstance(effect, Command)}
    return {name: host_of(name, table) for name, table in tables.items() if name in named}


def host_of(name: str, table: HostTable) -> Host:
    """Give one machine."""
    return Host(name=name, **table.model_dump() | ({"user": ""} if table.host == LOCAL else {}))
