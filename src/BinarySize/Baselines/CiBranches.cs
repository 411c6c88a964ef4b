namespace BinarySize.Baselines;

/// <summary>What CI systems say about branches, by the variables that they set.</summary>
public static class CiBranches
{
    // GitHub, GitLab, Azure: where a change goes to; only of one that is up for review.
    private static readonly string[] s_target = ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "SYSTEM_PULLREQUEST_TARGETBRANCH", "CI_DEFAULT_BRANCH"];

    private static readonly string[] s_current = ["GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILD_SOURCEBRANCH"];

    /// <summary>Names of all variables.</summary>
    public static IReadOnlyList<string> Variables { get; } = [.. s_target, .. s_current];

    /// <summary>The branch that a change goes to, or that is the default; null where nobody says.</summary>
    public static string? Target(IReadOnlyDictionary<string, string> variables) => First(s_target, variables);

    /// <summary>The branch that is built; null where nobody says.</summary>
    public static string? Current(IReadOnlyDictionary<string, string> variables) => First(s_current, variables);

    private static string? First(string[] names, IReadOnlyDictionary<string, string> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        foreach (string name in names)
        {
            if (variables.TryGetValue(name, out string? value) && value.Length > 0) return value;
        }
        return null;
    }
}
