from tools.chain import graph_of, without_detours


def test_an_arrow_points_from_who_writes_to_who_reads() -> None:
    mermaid = 'flowchart TD\n\tnode1["tokenize"]\n\tnode2["embed"]\n\tnode3["report"]\n\tnode1-->node2\n'
    assert graph_of(mermaid) == {"tokenize": {"embed"}, "embed": set(), "report": set()}


def test_an_arrow_stays_unless_a_longer_way_leads_there() -> None:
    graph = {"prepare": {"tokenize", "embed", "report"}, "tokenize": {"embed"}, "embed": set(), "report": set()}
    assert without_detours(graph) == {
        "prepare": {"tokenize", "report"},
        "tokenize": {"embed"},
        "embed": set(),
        "report": set(),
    }


def test_stages_that_read_each_other_stay_connected_with_who_writes_for_them() -> None:
    graph = {
        "prepare": {"distill", "predict"},
        "distill": {"distill", "predict", "report"},
        "predict": {"distill"},
        "report": set(),
    }
    drawn = without_detours(graph)
    assert len(drawn["prepare"]) == 1
    assert drawn["distill"] == {"predict", "report"}
    assert drawn["predict"] == {"distill"}
