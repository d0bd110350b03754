%% The program under test: which one it is, and the command line and environment it gets.
-module(groot_program).

-export([executable/0, test_program/1, start_link/5]).

%% GROOT_NODE_BIN, else what has been built in the repository, release before debug.
executable() ->
    case os:getenv("GROOT_NODE_BIN") of
        false ->
            Candidates = [
                filename:join([repository(), "build", Kind, "groot_node"])
             || Kind <- ["release", "debug"]
            ],
            case lists:filter(fun filelib:is_regular/1, Candidates) of
                [First | _] -> First;
                [] -> error({build_groot_node_first, Candidates})
            end;
        Path ->
            Path
    end.

%% One of the programs that play a part in a suite; `build debug` makes them.
test_program(Name) ->
    Path = filename:join([repository(), "build", "debug", "cpp_tests", Name]),
    filelib:is_regular(Path) orelse error({build_first, Path}),
    Path.

repository() ->
    repository(filename:dirname(filename:absname(?FILE))).

repository(Folder) ->
    case filelib:is_regular(filename:join(Folder, "CMakeLists.txt")) of
        true -> Folder;
        false -> repository(filename:dirname(Folder))
    end.

%% Passes Name in full as --name or --sname, unless Args or the environment name the node. Its home
%% has no cookie, so that only what the test passes can be used.
start_link(Executable, Name, Args, ExtraEnvironment, Options) ->
    #{host := Host, long_names := LongNames, folder := Folder, epmd_port := Port} = Options,
    Full = atom_to_list(Name) ++ "@" ++ Host,
    NameArg =
        case LongNames of
            true -> "--name";
            false -> "--sname"
        end,
    Named =
        lists:keymember("RELEASE_NODE", 1, ExtraEnvironment) orelse
            lists:any(fun(Arg) -> lists:member(Arg, ["--name", "--sname"]) end, Args),
    Environment = maps:merge(
        #{
            "ERL_EPMD_PORT" => integer_to_list(Port),
            "HOME" => Folder,
            "RELEASE_COOKIE" => false,
            "RELEASE_NODE" => false
        },
        maps:from_list(ExtraEnvironment)
    ),
    {ok, Program} = os_program:start_link(
        Executable, [Each || not Named, Each <- [NameArg, Full]] ++ Args, maps:to_list(Environment)
    ),
    {list_to_atom(Full), Program}.
