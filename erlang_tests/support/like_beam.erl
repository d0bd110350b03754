%% What makes the answers of two nodes comparable. Runs inside BEAM peers too.
-module(like_beam).

-export([without_names/2, outcome/1, in_process/1, down/1, exited/1, same/2]).

-define(WAIT_MS, 10_000).

%% Term with Node's name replaced, and every pid, port and reference.
without_names(Term, Node) ->
    replace(Term, #{Node => '$node'}).

replace(Pid, _Names) when is_pid(Pid) -> '$pid';
replace(Port, _Names) when is_port(Port) -> '$port';
replace(Reference, _Names) when is_reference(Reference) -> '$reference';
replace(Atom, Names) when is_atom(Atom) -> maps:get(Atom, Names, Atom);
replace([Head | Tail], Names) -> [replace(Head, Names) | replace(Tail, Names)];
replace(Tuple, Names) when is_tuple(Tuple) ->
    list_to_tuple(replace(tuple_to_list(Tuple), Names));
replace(Map, Names) when is_map(Map) -> maps:from_list(replace(maps:to_list(Map), Names));
replace(Other, _Names) -> Other.

%% What Act() returns or raises, without the stack of the caller.
outcome(Act) ->
    try
        {returned, Act()}
    catch
        Class:Reason -> {Class, Reason}
    end.

%% Act() in a process of its own, whose mailbox, links and flags are gone afterwards.
in_process(Act) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({outcome, Act()}) end),
    receive
        {'DOWN', Monitor, process, Pid, {outcome, Outcome}} -> Outcome;
        {'DOWN', Monitor, process, Pid, Reason} -> error({failed_on, node(), Reason})
    end.

%% What a monitor told: the process or name, and the reason.
down(Monitor) ->
    receive
        {'DOWN', Monitor, process, What, Reason} -> {What, Reason}
    after ?WAIT_MS -> error({no_down, process_info(self(), messages)})
    end.

%% Why a linked process ended, for a process that traps exits.
exited(Pid) ->
    receive
        {'EXIT', Pid, Reason} -> Reason
    after ?WAIT_MS -> error({no_exit_of, Pid, process_info(self(), messages)})
    end.

same(Same, Same) -> ok;
same(Expected, Got) -> error({not_the_same, #{expected => Expected, got => Got}}).
