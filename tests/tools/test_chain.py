from tools.chain import graph_of, without_detours


def test_an_arrow_points_from_the_writing_stage_to_the_reading_stage() -> None:
    mermaid = 'flowchart TD\n\tnode1["tokenize"]\n\tnode2["embed"]\n\tnode3["report"]\n\tnode1-->node2\n'
    assert graph_of(mermaid) == {"tokenize": {"embed"}, "embed": set(), "report": set()}


def test_an_arrow_is_removed_only_if_a_longer_path_replaces_it() -> None:
    graph = {"prepare": {"tokenize", "embed", "report"}, "tokenize": {"embed"}, "embed": set(), "report": set()}
    assert without_detours(graph) == {
        "prepare": {"tokenize", "report"},
        "tokenize": {"embed"},
        "embed": set(),
        "report": set(),
    }


def test_stages_in_a_cycle_stay_connected_to_their_inputs() -> None:
    graph = {
        "prepare": {"distill", "predict"},
        "distill": {"distill", "predict", "report"},
        "predict": {"distill"},
        "report": set(),
    }
    arrows = without_detours(graph)
    assert len(arrows["prepare"]) == 1
    assert arrows["distill"] == {"predict", "report"}
    assert arrows["predict"] == {"distill"}
