namespace BinarySize.Rendering.Ci;

/// <summary>Systems that a measurement is told to.</summary>
public enum CiSystem
{
    /// <summary>No system: nothing is told.</summary>
    None,

    /// <summary>GitHub Actions: step summary, annotations, step outputs.</summary>
    GitHub,

    /// <summary>Azure Pipelines: summary, issues.</summary>
    Azure,

    /// <summary>GitLab: metrics and code-quality reports.</summary>
    GitLab,

    /// <summary>TeamCity: statistics, build problems.</summary>
    TeamCity,

    /// <summary>Any other: only the file for a comment bot, which the others get as well.</summary>
    Markdown,
}

/// <summary>
/// Which system a build runs under. Every system is known by variables of its own, which the caller reads and passes in:
/// a task must not look at the environment of the process that it happens to run in.
/// </summary>
public static class CiSystems
{
    /// <summary>What can be typed where a system is asked for, besides "auto".</summary>
    public static IReadOnlyList<string> Names { get; } = ["none", "github", "azure", "gitlab", "teamcity", "markdown"];

    /// <summary>Names of all variables that detection and the sinks look at.</summary>
    public static IReadOnlyList<string> Variables { get; } =
    [
        "CI",
        "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_WORKSPACE", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "RUNNER_TRACKING_ID",
        "TF_BUILD", "BUILD_BUILDID", "SYSTEM_JOBID", "SYSTEM_JOBATTEMPT",
        "GITLAB_CI", "CI_PROJECT_DIR", "CI_JOB_ID",
        "TEAMCITY_VERSION",
    ];

    /// <summary>The system whose variables are set; "CI=true" alone is one that is not known.</summary>
    public static CiSystem Detect(IReadOnlyDictionary<string, string> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        if (IsTrue("GITHUB_ACTIONS")) return CiSystem.GitHub;
        if (IsTrue("TF_BUILD")) return CiSystem.Azure;
        if (IsTrue("GITLAB_CI")) return CiSystem.GitLab;
        if (Value(variables, "TEAMCITY_VERSION").Length > 0) return CiSystem.TeamCity;
        return IsTrue("CI") ? CiSystem.Markdown : CiSystem.None;

        bool IsTrue(string name) => Value(variables, name).Equals("true", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads a name, in any case; "auto" (or nothing) is what <see cref="Detect"/> finds. False where it is neither.</summary>
    public static bool TryParse(string? text, IReadOnlyDictionary<string, string> variables, out CiSystem system)
    {
        string name = (text ?? "").Trim();
        if (name.Length == 0 || name.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            system = Detect(variables);
            return true;
        }
        int index = 0;
        while (index < Names.Count && !name.Equals(Names[index], StringComparison.OrdinalIgnoreCase)) index++;
        system = index < Names.Count ? (CiSystem)index : CiSystem.None;
        return index < Names.Count;
    }

    /// <summary>Reads lines NAME=value; of a name that stands there twice the first one counts, empty ones do not.</summary>
    public static Dictionary<string, string> ReadVariables(string? lines)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in (lines ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && equals + 1 < line.Length) variables.TryAdd(line[..equals], line[(equals + 1)..]);
        }
        return variables;
    }

    /// <summary>
    /// What tells one job from every other, so that it is told a thing once; null where the system does not say, and
    /// whatever is told is told again.
    /// </summary>
    public static string? Job(CiSystem system, IReadOnlyDictionary<string, string> variables)
    {
        string[] names = system switch
        {
            CiSystem.GitHub => ["GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "RUNNER_TRACKING_ID"],
            CiSystem.Azure => ["BUILD_BUILDID", "SYSTEM_JOBID", "SYSTEM_JOBATTEMPT"],
            CiSystem.GitLab => ["CI_JOB_ID"],
            _ => [],
        };
        return names.Length == 0 || Value(variables, names[0]).Length == 0 ? null : string.Join('/', names.Select(n => Value(variables, n)));
    }

    internal static string Value(IReadOnlyDictionary<string, string> variables, string name) => variables.TryGetValue(name, out string? value) ? value : "";
}
