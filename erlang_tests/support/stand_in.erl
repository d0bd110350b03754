%% Compiles the stand-in for stock Groot: one folder of beams and a groot.app per version.
-module(stand_in).

-export([ebin/2, application_version/1]).
-export_type([version/0]).

-type version() ::
    %% get/1 and set/2, hlclock 1.0.0
    v0_1
    %% the same on hlclock 1.1.0
    | v0_1_new_clock
    %% set/3 and delete/1
    | with_delete.

%% The version's ebin folder below Root, compiled on first use.
-spec ebin(version(), file:filename()) -> file:filename().
ebin(Version, Root) ->
    Ebin = filename:join([Root, "stand_in", atom_to_list(Version)]),
    App = filename:join(Ebin, "groot.app"),
    filelib:is_regular(App) orelse build(Version, Ebin, App),
    Ebin.

application_version(v0_1) -> "0.1.1";
application_version(v0_1_new_clock) -> "0.1.2";
application_version(with_delete) -> "0.2.0".

build(Version, Ebin, App) ->
    ok = filelib:ensure_path(Ebin),
    Sources = filelib:wildcard(filename:join([filename:dirname(?FILE), "..", "stand_in", "*.erl"])),
    [_ | _] = Sources,
    Modules = [compile(Source, Ebin, macros(Version)) || Source <- Sources],
    Specification =
        {application, groot, [
            {description, "stand-in for stock Groot"},
            {vsn, application_version(Version)},
            {modules, Modules},
            {registered, ['Elixir.Groot.Storage', 'Elixir.Groot.Clock', 'Elixir.Groot.ClockSync']},
            {applications, [kernel, stdlib, crypto]},
            {mod, {'Elixir.Groot.Application', []}}
        ]},
    ok = file:write_file(App, io_lib:format("~p.~n", [Specification])).

macros(v0_1) -> [];
macros(v0_1_new_clock) -> [{d, 'HLCLOCK_1_1'}];
macros(with_delete) -> [{d, 'HLCLOCK_1_1'}, {d, 'WITH_DELETE'}].

compile(Source, Ebin, Macros) ->
    {ok, Module} = compile:file(Source, [{outdir, Ebin}, debug_info, report, warnings_as_errors | Macros]),
    Module.
