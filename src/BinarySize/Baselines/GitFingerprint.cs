using System.Globalization;
using System.Text;

namespace BinarySize.Baselines;

/// <summary>
/// What git's answers about a folder depend on, read from its files: asking git itself would cost a build in which nothing
/// changed more than everything else.
/// </summary>
public static class GitFingerprint
{
    private const string OriginHead = "refs/remotes/origin/HEAD";

    // What a merge base depends on besides HEAD and its branch: a time is enough.
    private static readonly string[] s_shared =
        ["packed-refs", "shallow", "FETCH_HEAD", "refs/heads", "refs/heads/main", "refs/heads/master", "refs/remotes/origin", "refs/remotes/origin/main", "refs/remotes/origin/master"];

    /// <summary>A text that changes when HEAD, its branch or a remote's branch does; empty outside of a repository.</summary>
    public static string Of(string folder) => Find(folder, Describe) ?? "";

    /// <summary>
    /// Full paths of the files whose times change when the text does, whether they are there or not; outside of a repository
    /// those that would begin one.
    /// </summary>
    public static IReadOnlyList<string> Files(string folder) => Find(folder, static (own, common) =>
    {
        string head = Path.Combine(own, "HEAD"), text = Read(head);
        List<string> files = [head, Path.Combine(common, OriginHead), .. s_shared.Select(n => Path.Combine(common, n))];
        if (text.StartsWith("ref: ", StringComparison.Ordinal)) files.Add(Path.Combine(common, text[5..].Trim()));
        return files;
    }) ?? Above(folder);

    private static List<string> Above(string folder)
    {
        var files = new List<string>();
        for (string? at = Path.GetFullPath(folder); at is not null; at = Path.GetDirectoryName(at)) files.Add(Path.Combine(at, ".git", "HEAD"));
        return files;
    }

    private static T? Find<T>(string folder, Func<string, string, T> read) where T : class
    {
        try
        {
            for (string? at = Path.GetFullPath(folder); at is not null; at = Path.GetDirectoryName(at))
            {
                string git = Path.Combine(at, ".git");
                if (Directory.Exists(git)) return read(git, git);
                if (!File.Exists(git)) continue;
                // A worktree or a submodule: a file that says where; what worktrees share stands in "commondir".
                string text = File.ReadAllText(git).Trim();
                if (!text.StartsWith("gitdir: ", StringComparison.Ordinal)) return null;
                string own = Path.GetFullPath(Path.Combine(at, text["gitdir: ".Length..])), common = Path.Combine(own, "commondir");
                return read(own, File.Exists(common) ? Path.GetFullPath(Path.Combine(own, File.ReadAllText(common).Trim())) : own);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // Git itself says more, when it is asked.
        }
        return null;
    }

    private static string Describe(string own, string common)
    {
        var text = new StringBuilder();
        string head = Read(Path.Combine(own, "HEAD"));
        text.Append(head);
        if (head.StartsWith("ref: ", StringComparison.Ordinal)) text.Append(Read(Path.Combine(common, head[5..].Trim())));
        text.Append(Read(Path.Combine(common, OriginHead)));
        foreach (string name in s_shared)
        {
            text.Append(File.GetLastWriteTimeUtc(Path.Combine(common, name)).Ticks.ToString(CultureInfo.InvariantCulture)).Append(' ');
        }
        return text.ToString();
    }

    private static string Read(string file) => File.Exists(file) ? File.ReadAllText(file) : "";
}
