%% Waiting for a condition, never for a time.
-module(await).

-export([true/1, true/2, equal/2, equal/3, holds/2]).

-define(DEFAULT_MS, 10_000).
-define(POLL_MS, 10).

true(Condition) ->
    true(Condition, ?DEFAULT_MS).

%% Returns once Condition() is true; fails with its last value after Ms.
true(Condition, Ms) ->
    equal(true, Condition, Ms).

equal(Expected, Read) ->
    equal(Expected, Read, ?DEFAULT_MS).

%% Returns once Read() =:= Expected; fails with what it read last after Ms.
equal(Expected, Read, Ms) ->
    poll(Expected, Read, Ms, deadline(Ms)).

%% Fails as soon as Condition() is not true; returns after Ms. For "nothing happens", which no
%% condition can tell: keep Ms above what the fault would need to show.
holds(Condition, Ms) ->
    hold(Condition, deadline(Ms)).

poll(Expected, Read, Ms, Deadline) ->
    case Read() of
        Expected ->
            ok;
        Other ->
            erlang:monotonic_time(millisecond) < Deadline orelse
                error({not_within_ms, Ms, #{expected => Expected, last => Other}}),
            pause(),
            poll(Expected, Read, Ms, Deadline)
    end.

hold(Condition, Deadline) ->
    true = Condition(),
    erlang:monotonic_time(millisecond) >= Deadline orelse
        begin
            pause(),
            hold(Condition, Deadline)
        end,
    ok.

deadline(Ms) ->
    erlang:monotonic_time(millisecond) + Ms.

pause() ->
    receive
    after ?POLL_MS -> ok
    end.
