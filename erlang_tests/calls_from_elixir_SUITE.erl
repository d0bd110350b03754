%% What a user types into iex: the session in calls_from_elixir.iex, run by `elixir`, ends in the
%% answers that stand there.
-module(calls_from_elixir_SUITE).

-export([all/0, suite/0, end_per_testcase/2]).
-export([long_names/1, short_names/1, hidden_elixir_node/1]).

-define(ELIXIR_MS, 40_000).

suite() -> [{timetrap, {seconds, 60}}].

all() ->
    [long_names, short_names, hidden_elixir_node].

%% Nothing was started when the case was skipped.
end_per_testcase(_Case, _Config) ->
    case whereis(cluster) of
        undefined ->
            ok;
        _ ->
            Verdict = cluster:verdict(),
            cluster:stop(),
            Verdict
    end.

long_names(Config) ->
    session(Config, #{}, []).

hidden_elixir_node(Config) ->
    session(Config, #{}, ["--hidden"]).

short_names(Config) ->
    {ok, Full} = inet:gethostname(),
    [Host | _] = string:split(Full, "."),
    case inet:getaddr(Host, inet) of
        {ok, _} -> session(Config, #{host => Host, long_names => false}, []);
        {error, _} -> {skip, "this host's own name does not resolve"}
    end.

session(Config, Options, ElixirOptions) ->
    cluster:start(Config, Options),
    Groot = cluster:groot(groot),
    NameOption =
        case maps:get(long_names, Options, true) of
            true -> "--name";
            false -> "--sname"
        end,
    Session = beside_this_file("calls_from_elixir.iex"),
    Elixir = os:find_executable("elixir"),
    true = is_list(Elixir),
    {ok, Program} = os_program:start_link(
        Elixir,
        ElixirOptions ++
            [NameOption, atom_to_list(cluster:full_name(elixir)), "--cookie", cluster:cookie()] ++
            [beside_this_file("calls_from_elixir.exs"), Session, atom_to_list(Groot)],
        [{"ERL_EPMD_PORT", integer_to_list(cluster:epmd_port())}]
    ),
    Status = os_program:await_exit(Program, ?ELIXIR_MS),
    {ok, Text} = file:read_file(Session),
    compare(binary:split(string:trim(Text, trailing), <<"\n">>, [global]), os_program:lines(Program)),
    0 = Status,
    ok.

%% Line by line; `typed` is the last thing that was, where they part.
compare(Expected, Lines) ->
    compare(Expected, Lines, none).

compare([], [], _Typed) -> ok;
compare([<<"iex> ", Code/binary>> = Line | Expected], [Line | Lines], _Typed) ->
    compare(Expected, Lines, Code);
compare([Line | Expected], [Line | Lines], Typed) ->
    compare(Expected, Lines, Typed);
compare(Expected, Lines, Typed) ->
    error({another_answer, #{
        typed => Typed, expected => lists:sublist(Expected, 1), got => lists:sublist(Lines, 5)
    }}).

beside_this_file(Name) ->
    filename:join(filename:dirname(filename:absname(?FILE)), Name).
