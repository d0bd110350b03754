%% How long small messages to a node take, where `small` is stored under `small`. All but passed/3
%% runs inside a BEAM peer (cluster:on/2).
-module(latency).

-export([meanwhile/2, calls/2, writes_until/2, summary/1, passed/3]).

-define(STORAGE, 'Elixir.Groot.Storage').

%% Small calls over the same link while Transfer() runs.
meanwhile(Groot, Transfer) ->
    {_, Monitor} = spawn_monitor(fun() -> exit({transferred, Transfer()}) end),
    summary(calls_until(Groot, Monitor, [])).

calls_until(Groot, Monitor, Times) ->
    receive
        {'DOWN', Monitor, process, _, {transferred, _}} -> Times
    after 0 -> calls_until(Groot, Monitor, [timed_call(Groot) | Times])
    end.

calls(Groot, Count) ->
    [timed_call(Groot) || _ <- lists:seq(1, Count)].

timed_call(Groot) ->
    {Us, small} = timer:tc(fun() -> gen_server:call({?STORAGE, Groot}, {get, small}, 20_000) end),
    Us.

%% From a write at the node to a read in this peer, over and over until Done().
writes_until(Groot, Done) ->
    Key = {write, erlang:unique_integer()},
    {Us, _} = timer:tc(fun() ->
        ok = gen_server:call({?STORAGE, Groot}, {set, Key, 1}, 20_000),
        until_read(Key)
    end),
    case Done() of
        true -> [Us];
        false -> [Us | writes_until(Groot, Done)]
    end.

until_read(Key) ->
    'Elixir.Groot':get(Key) =:= 1 orelse begin
        erlang:yield(),
        until_read(Key)
    end.

summary(Times) ->
    Sorted = lists:sort(Times),
    Count = length(Sorted),
    #{
        count => Count,
        p50 => lists:nth((Count + 1) div 2, Sorted),
        p99 => lists:nth(max(1, Count * 99 div 100), Sorted),
        max => lists:last(Sorted)
    }.

%% This machine may have other things to do, and what the node itself makes a small message wait for
%% shows in every run: of several the second best counts, and where even an idle link takes long, ten
%% times that is still no fault of the node.
passed(Idle, Measured, AtMostUs) ->
    ct:pal("us, idle: ~0p~nmeanwhile:~n~s", [Idle, [io_lib:format("  ~0p~n", [Each]) || Each <- Measured]]),
    P99 = lists:nth(2, lists:sort([Each || #{p99 := Each} <- Measured])),
    #{p99 := IdleP99} = Idle,
    true = P99 < max(AtMostUs, 10 * IdleP99),
    {comment, io_lib:format("p99 ~b us, idle ~b us", [P99, IdleP99])}.
