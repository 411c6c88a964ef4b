using System.Globalization;
using System.Text;

namespace BinarySize.Baselines;

/// <summary>
/// What git's answers about a folder depend on, read from its files: asking git itself would cost a build in which nothing
/// changed more than everything else.
/// </summary>
public static class GitFingerprint
{
    /// <summary>A text that changes when HEAD, its branch or a remote's branch does; empty outside of a repository.</summary>
    public static string Of(string folder)
    {
        try
        {
            for (string? at = Path.GetFullPath(folder); at is not null; at = Path.GetDirectoryName(at))
            {
                string git = Path.Combine(at, ".git");
                if (Directory.Exists(git)) return Describe(git, git);
                if (!File.Exists(git)) continue;
                // A worktree or a submodule: a file that says where; what worktrees share stands in "commondir".
                string text = File.ReadAllText(git).Trim();
                if (!text.StartsWith("gitdir: ", StringComparison.Ordinal)) return text;
                string own = Path.GetFullPath(Path.Combine(at, text["gitdir: ".Length..])), common = Path.Combine(own, "commondir");
                return Describe(own, File.Exists(common) ? Path.GetFullPath(Path.Combine(own, File.ReadAllText(common).Trim())) : own);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // Git itself says more, when it is asked.
        }
        return "";
    }

    private static string Describe(string own, string common)
    {
        var text = new StringBuilder();
        string head = Read(Path.Combine(own, "HEAD"));
        text.Append(head);
        if (head.StartsWith("ref: ", StringComparison.Ordinal)) text.Append(Read(Path.Combine(common, head[5..].Trim())));
        text.Append(Read(Path.Combine(common, "refs", "remotes", "origin", "HEAD")));
        foreach (string name in (string[])["packed-refs", "shallow", "FETCH_HEAD", "refs/heads", "refs/heads/main", "refs/heads/master", "refs/remotes/origin", "refs/remotes/origin/main", "refs/remotes/origin/master"])
        {
            text.Append(File.GetLastWriteTimeUtc(Path.Combine(common, name)).Ticks.ToString(CultureInfo.InvariantCulture)).Append(' ');
        }
        return text.ToString();
    }

    private static string Read(string file) => File.Exists(file) ? File.ReadAllText(file) : "";
}
