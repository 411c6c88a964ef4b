using BinarySize.Baselines;

namespace BinarySize.Budgets;

/// <summary>Finds what growth is counted from, and what of it somebody accepted.</summary>
public static class GrowthLoader
{
    /// <summary>What budgets are judged by; null where there is nothing to compare with. What is wrong goes into <paramref name="findings"/>.</summary>
    public static GrowthBase? Load(BaselineRequest request, IReadOnlyList<Budget> budgets, DateOnly today, List<BudgetFinding> findings)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(budgets);
        ArgumentNullException.ThrowIfNull(findings);
        LoadedBaseline loaded = BaselineSource.Load(request);
        foreach (BaselineProblem problem in loaded.Problems) findings.Add(new(problem.Code, problem.IsError, problem.Message, new SourceLocation(problem.File, problem.Line, problem.Line > 0 ? 1 : 0)));
        List<Approval> approvals = Approval.ReadAll(request.File, [.. budgets.Select(b => b.Name)], today, findings);
        return loaded.Snapshot is null ? null : new GrowthBase(loaded.Snapshot, loaded.Since, loaded.FromMergeBase, loaded.OnDefaultBranch, approvals) { UpdateCommand = request.UpdateCommand };
    }
}
