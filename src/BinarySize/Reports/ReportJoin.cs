namespace BinarySize.Reports;

/// <summary>Two reports are of the same build.</summary>
public sealed class ReportJoinException(string message) : Exception(message);

/// <summary>Joins the reports of a CI matrix into one, in which every artifact and budget says what it is of.</summary>
public static class ReportJoin
{
    /// <summary>The reports as one, in their order.</summary>
    /// <exception cref="ReportJoinException">Two of them are of the same project, stage and configuration.</exception>
    public static Report Join(IReadOnlyList<Report> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        var artifacts = new List<ReportArtifact>();
        var budgets = new List<ReportBudget>();
        var snapshots = new SortedDictionary<string, Snapshot>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (Report report in reports)
        {
            string of = Of(report.Toolchain, reports);
            if (reports.Count > 1 && report.Artifacts.Count > 0 && !seen.Add($"{report.Toolchain.Project}\n{of}\n{report.Artifacts[0].Path}")) throw new ReportJoinException($"two reports are of {of}");
            // A report that was joined before keeps its names.
            foreach (ReportArtifact artifact in report.Artifacts) artifacts.Add(of.Length == 0 ? artifact : artifact with { Path = $"{of}/{artifact.Path}" });
            foreach (ReportBudget budget in report.Budgets) budgets.Add(of.Length == 0 ? budget : budget with { Name = $"{budget.Name} ({of})" });
            foreach (Snapshot snapshot in report.Snapshots)
            {
                if (!snapshots.TryAdd(snapshot.Key, snapshot)) throw new ReportJoinException($"two reports have sizes for {snapshot.Key}");
            }
        }
        string? Common(Func<ReportToolchain, string?> member) => reports.Count > 0 && reports.All(r => member(r.Toolchain) == member(reports[0].Toolchain)) ? member(reports[0].Toolchain) : null;
        var toolchain = new ReportToolchain(Common(t => t.Project), Common(t => t.Stage), Common(t => t.TargetFramework), Common(t => t.RuntimeIdentifier), Common(t => t.Configuration), Common(t => t.Sdk), Common(t => t.BinarySize));
        return new Report(artifacts, budgets, toolchain) { Snapshots = [.. snapshots.Values] };
    }

    // What of the toolchain tells one report from another.
    private static string Of(ReportToolchain toolchain, IReadOnlyList<Report> reports)
    {
        Func<ReportToolchain, string?>[] members = [t => t.Project, t => t.TargetFramework, t => t.RuntimeIdentifier, t => t.Configuration, t => t.Stage];
        return string.Join('/', members.Where(m => reports.Any(r => m(r.Toolchain) != m(reports[0].Toolchain))).Select(m => m(toolchain)).Where(t => !string.IsNullOrEmpty(t)));
    }
}
