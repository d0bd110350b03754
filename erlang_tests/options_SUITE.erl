%% What the node is told on its command line, in its environment and by its home; what it refuses.
-module(options_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, end_per_testcase/2]).
-export([
    name_taken/1,
    malformed_names/1,
    no_epmd/1,
    unknown_option/1,
    useless_values/1,
    epmd_addresses/1,
    listens_where_it_is_told/1,
    name_from_release_node/1,
    cookie_from_file/1,
    cookie_from_environment/1,
    cookie_from_home/1,
    cookie_made_when_absent/1,
    cookie_order/1,
    wrong_cookie_is_refused/1
]).

suite() -> [{timetrap, {seconds, 60}}].

all() ->
    [
        name_taken,
        malformed_names,
        no_epmd,
        unknown_option,
        useless_values,
        epmd_addresses,
        listens_where_it_is_told,
        name_from_release_node,
        cookie_from_file,
        cookie_from_environment,
        cookie_from_home,
        cookie_made_when_absent,
        cookie_order,
        wrong_cookie_is_refused
    ].

init_per_suite(Config) -> cluster:start_pair(Config, #{}).

end_per_suite(_Config) -> cluster:stop().

end_per_testcase(_Case, Config) ->
    cluster:tidy([a(Config), b(Config)]).

name_taken(Config) ->
    Taken = atom_to_list(a(Config)),
    Program = cluster:groot_program(late, ["--name", Taken, "--cookie", cluster:cookie()], []),
    true = os_program:await_exit(Program, 5_000) =/= 0,
    one_clear_line(Program, "\"a\" is already registered"),
    cluster:forget(cluster:full_name(late)).

%% What `erl` refuses is refused, with one sentence that names it.
malformed_names(_Config) ->
    [
        begin
            Program = cluster:groot_program(refused, [Option, Name, "--cookie", "c"], []),
            {true, Name} = {os_program:await_exit(Program, 5_000) =/= 0, Name},
            one_clear_line(Program, "name"),
            cluster:forget(cluster:full_name(refused))
        end
     || {Option, Name} <- [
            {"--sname", "dotted@some.host"},
            {"--name", "two@at@127.0.0.1"},
            {"--name", "@127.0.0.1"},
            {"--name", "sp ace@127.0.0.1"}
        ]
    ],
    ok.

%% As erl does: one that is not there is started, if it can be.
no_epmd(Config) ->
    Port = epmd_client:free_port(),
    Environment = [{"ERL_EPMD_PORT", integer_to_list(Port)}],
    Lonely = cluster:full_name(lonely),
    Program = cluster:groot_program(lonely, ["--cookie", "c"], Environment),
    os_program:await_line(Program, "ready: ", 10_000),
    true = is_map_key("lonely", epmd_client:names(Port)),
    0 = cluster:stop_groot(Lonely),
    epmd_client:kill(Port),
    Nowhere = {"PATH", proplists:get_value(priv_dir, Config)},
    Hopeless = cluster:groot_program(lonely, ["--cookie", "c"], [Nowhere | Environment]),
    true = os_program:await_exit(Hopeless, 10_000) =/= 0,
    one_clear_line(Hopeless, "epmd"),
    cluster:forget(Lonely).

unknown_option(_Config) ->
    Program = cluster:groot_program(confused, ["--conect", "x"], []),
    true = os_program:await_exit(Program, 5_000) =/= 0,
    os_program:await_line(Program, "--conect", 1_000),
    cluster:forget(cluster:full_name(confused)).

%% An option that comes to nothing is not one that was left out.
useless_values(_Config) ->
    [
        begin
            Program = cluster:groot_program(useless, [Option, Value], []),
            {true, Option} = {os_program:await_exit(Program, 5_000) =/= 0, Option},
            one_clear_line(Program, Option),
            cluster:forget(cluster:full_name(useless))
        end
     || {Option, Value} <- [
            {"--cookie", ""},
            {"--cookie-file", ""},
            {"--tombstone-ttl", "0"},
            {"--tombstone-ttl", "9223372036854775"}
        ]
    ],
    ok.

%% What is no address is told, and nothing else is wrong.
epmd_addresses(Config) ->
    Environment = [{"ERL_EPMD_ADDRESS", "127.0.0.1, nowhere,10.0.0"}],
    Program = cluster:groot_program(groot, ["--cookie", cluster:cookie()], Environment),
    os_program:await_line(Program, "ERL_EPMD_ADDRESS.*\"nowhere\", \"10\\.0\\.0\"", 5_000),
    os_program:await_line(Program, "ready: ", 5_000),
    pong = cluster:call(a(Config), net_adm, ping, [cluster:full_name(groot)]),
    ok.

listens_where_it_is_told(Config) ->
    Port = epmd_client:free_port(),
    Groot = cluster:groot(groot, ["--listen", integer_to_list(Port)]),
    Port = epmd_client:port_of(cluster:epmd_port(), "groot"),
    pong = cluster:call(a(Config), net_adm, ping, [Groot]),
    %% The port is taken now.
    Program = cluster:groot_program(second, ["--cookie", "c", "--listen", integer_to_list(Port)], []),
    true = os_program:await_exit(Program, 5_000) =/= 0,
    one_clear_line(Program, integer_to_list(Port)),
    false = is_map_key("second", cluster:registered_names()),
    cluster:forget(cluster:full_name(second)).

name_from_release_node(Config) ->
    Program = cluster:groot_program(
        released,
        ["--cookie", cluster:cookie()],
        [{"RELEASE_NODE", "released@127.0.0.1"}, {"RELEASE_DISTRIBUTION", "name"}]
    ),
    os_program:await_line(Program, "ready: released@127\\.0\\.0\\.1", 5_000),
    pong = cluster:call(a(Config), net_adm, ping, ['released@127.0.0.1']),
    ok.

cookie_from_file(Config) ->
    Path = cookie_file(Config, "given_cookie", cluster:cookie() ++ "\n"),
    cookie_works(Config, ["--cookie-file", Path], [], Path).

cookie_from_environment(Config) ->
    cookie_works(Config, [], [{"RELEASE_COOKIE", cluster:cookie()}], "RELEASE_COOKIE").

cookie_from_home(Config) ->
    Home = filename:join(proplists:get_value(priv_dir, Config), "home_with_cookie"),
    ok = filelib:ensure_path(Home),
    _ = cookie_file(Config, "home_with_cookie/.erlang.cookie", cluster:cookie()),
    cookie_works(Config, [], [{"HOME", Home}], "\\.erlang\\.cookie").

%% As erl does: twenty capital letters, readable by the owner only.
cookie_made_when_absent(Config) ->
    %% The node finds b through a, which alone is told the cookie.
    cluster:forgive(b(Config), "groot@"),
    Home = filename:join(proplists:get_value(priv_dir, Config), "empty_home"),
    ok = filelib:ensure_path(Home),
    Program = cluster:groot_program(groot, [], [{"HOME", Home}]),
    os_program:await_line(Program, "ready: ", 5_000),
    Path = filename:join(Home, ".erlang.cookie"),
    {ok, Cookie} = file:read_file(Path),
    match = re:run(Cookie, "^[A-Z]{20}$", [{capture, none}]),
    {ok, Info} = file:read_file_info(Path),
    8#400 = element(8, Info) band 8#777,
    true = cluster:call(a(Config), erlang, set_cookie, [
        cluster:full_name(groot), binary_to_atom(Cookie)
    ]),
    pong = cluster:call(a(Config), net_adm, ping, [cluster:full_name(groot)]),
    true = cluster:call(a(Config), erlang, set_cookie, [
        cluster:full_name(groot), list_to_atom(cluster:cookie())
    ]),
    %% Not later, in the next case.
    Refused = fun() -> [Text || {error, Text} <- cluster:call(b(Config), peer_log, events, [])] =/= [] end,
    await:true(Refused),
    0 = cluster:stop_groot(cluster:full_name(groot)),
    ok.

cookie_order(Config) ->
    Home = filename:join(proplists:get_value(priv_dir, Config), "home_with_wrong_cookie"),
    ok = filelib:ensure_path(Home),
    _ = cookie_file(Config, "home_with_wrong_cookie/.erlang.cookie", "wrong"),
    Right = cookie_file(Config, "right_cookie", cluster:cookie()),
    [
        begin
            cookie_works(Config, Args, [{"HOME", Home} | Environment], Source),
            0 = cluster:stop_groot(cluster:full_name(groot))
        end
     || {Args, Environment, Source} <- [
            {["--cookie", cluster:cookie()], [{"RELEASE_COOKIE", "wrong"}], "option"},
            {["--cookie-file", Right], [{"RELEASE_COOKIE", "wrong"}], Right},
            {[], [{"RELEASE_COOKIE", cluster:cookie()}], "RELEASE_COOKIE"}
        ]
    ],
    ok.

wrong_cookie_is_refused(Config) ->
    A = a(Config),
    cluster:forgive(A, "groot@"),
    Program = cluster:groot_program(groot, ["--cookie", "not_the_one"], []),
    os_program:await_line(Program, "ready: ", 5_000),
    pang = cluster:call(A, net_adm, ping, [cluster:full_name(groot)]),
    %% Who and from where, but neither cookie.
    os_program:await_line(Program, "a@127\\.0\\.0\\.1.*127\\.0\\.0\\.1.*cookie|cookie.*a@127", 2_000),
    [] = [
        Line
     || Line <- os_program:lines(Program),
        Secret <- ["not_the_one", cluster:cookie()],
        string:find(Line, Secret) =/= nomatch
    ],
    ok.

%% ------------------------------------------------------------------ helpers

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).

cookie_works(Config, Args, Environment, Source) ->
    Program = cluster:groot_program(groot, Args, Environment),
    os_program:await_line(Program, "ready: ", 5_000),
    pong = cluster:call(a(Config), net_adm, ping, [cluster:full_name(groot)]),
    os_program:await_line(Program, "cookie.*" ++ Source, 1_000),
    [] = [Line || Line <- os_program:lines(Program), string:find(Line, cluster:cookie()) =/= nomatch],
    ok.

cookie_file(Config, Name, Text) ->
    Path = filename:join(proplists:get_value(priv_dir, Config), Name),
    _ = file:delete(Path),
    ok = file:write_file(Path, Text),
    ok = file:change_mode(Path, 8#400),
    Path.

%% The program's last word is one line, which matches.
one_clear_line(Program, Pattern) ->
    Lines = [Line || Line <- os_program:lines(Program), Line =/= <<>>],
    {true, _} = {length(Lines) =< 3, Lines},
    {match, _} = {re:run(lists:last(Lines), Pattern, [{capture, none}, caseless, unicode]), Lines},
    ok.
