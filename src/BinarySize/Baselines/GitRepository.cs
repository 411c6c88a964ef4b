using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace BinarySize.Baselines;

/// <summary>The commit that growth is counted from.</summary>
/// <param name="Commit">Full id; null where there is none, see <paramref name="Problem"/>.</param>
/// <param name="Branch">Name of the branch that HEAD is compared with; null where not known.</param>
/// <param name="OnBranch">True where HEAD is on that branch itself, and no change to it is up for judgement.</param>
/// <param name="Problem">What is in the way, and what helps; null where nothing is.</param>
public sealed record MergeBase(string? Commit, string? Branch, bool OnBranch, string? Problem)
{
    /// <summary>"a1b2c3d4e".</summary>
    public string? Short => Commit is null ? null : Commit[..Math.Min(9, Commit.Length)];
}

/// <summary>Asks git, as a process; everything that goes wrong is an answer.</summary>
public sealed class GitRepository
{
    private const int MaxOutput = 64 << 20;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private readonly string _folder;

    // What HEAD is: a commit, null where there is none yet; the branch that it is on, null where it is on none.
    private string? _head, _branch;

    // The branch that the repository calls its default one: full name of the reference, null where there is none.
    private string? _default;

    // Commits that references of this repository stand for, as far as they were asked for.
    private readonly Dictionary<string, string> _tips = new(StringComparer.Ordinal);

    // Where the default branch may stand, the likeliest first: what the remote says, then a branch of a usual name. As patterns
    // (of one name each), since one that matches nothing is no error.
    private static readonly string[] s_defaults = ["refs/remotes/origin/[H]EAD", "refs/remotes/origin/[m]ain", "refs/heads/[m]ain", "refs/remotes/origin/[m]aster", "refs/heads/[m]aster"];

    private GitRepository(string folder) => _folder = folder;

    /// <summary>The repository that a folder is in; null with the reason where there is none that can be asked.</summary>
    public static GitRepository? Find(string folder, out bool isShallow, out string problem)
    {
        isShallow = false;
        // The folder of a baseline need not be there yet.
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { Length: > 0 } above) folder = above;
        var repository = new GitRepository(folder);
        // All that one process can answer: starting it is what takes the time. Without a commit it stops at HEAD. What stands
        // before the switch is answered by commits, what stands behind it by names.
        string[] defaults = Array.ConvertAll(s_defaults, static d => "--glob=" + d);
        (int code, byte[] output, string error) = repository.Run(["rev-parse", "--is-inside-work-tree", "--is-shallow-repository", "HEAD", .. defaults, "--symbolic-full-name", "HEAD", .. defaults]);
        string[] lines = Encoding.UTF8.GetString(output).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        problem = code switch
        {
            NotInstalled => "git is not installed",
            not NotInstalled when lines is ["true", _, _, ..] => "",
            not NotInstalled when lines is ["false", _, _, ..] => "the folder is in no git working tree",
            _ when error.Contains("not a git repository", StringComparison.Ordinal) => "the folder is in no git repository",
            _ => "git says: " + error,
        };
        if (problem.Length > 0) return null;
        isShallow = lines[1] == "true";
        if (code == 0 && lines.Length > 2) repository.Learn(lines[2..]);
        return repository;
    }

    // Commits of HEAD and of the references that may be the default branch, then their names.
    private void Learn(string[] answers)
    {
        _head = answers[0];
        int count = answers.Length / 2;
        if (answers.Length != 2 * count)
        {
            // A tag by the full name of a branch, which git then does not name.
            _branch = Line("symbolic-ref", "--quiet", "HEAD") is { } current ? NameOf(current) : null;
            _default = Existing("main", "main") ?? Existing("master", "master");
            return;
        }
        string[] names = answers[count..];
        _branch = names[0] == "HEAD" ? null : NameOf(names[0]);
        if (count > 1) _default = names[1];
        for (int i = 1; i < count; i++) _tips.TryAdd(names[i], answers[i]);
    }

    /// <summary>
    /// The newest commit that HEAD has in common with a branch. <paramref name="branch"/> is "main", "origin/main" or
    /// "refs/heads/main"; null to find the default branch out. <paramref name="current"/> is the branch that a CI system
    /// says it builds; null to ask git.
    /// </summary>
    public MergeBase FindMergeBase(string? branch, string? current, bool isShallow)
    {
        if (_head is not { } head) return new MergeBase(null, null, false, "there is no commit yet");
        string? reference = branch is null ? _default : Existing(NameOf(branch), branch);
        if (reference is null)
        {
            // What GitHub checks out for a pull request merges the change into the branch: its first parent is on that.
            if (branch is not null && Line("rev-parse", "--verify", "--quiet", "HEAD^2") is not null && Line("rev-parse", "--verify", "--quiet", "HEAD^1") is { } parent) return new MergeBase(parent, NameOf(branch), false, null);
            return new MergeBase(null, branch is null ? null : NameOf(branch), false, branch is null
                ? "the default branch is not known" + (isShallow ? Deepen : "; name it in BinarySizeBaselineBranch")
                : $"branch '{NameOf(branch)}' is not there{(isShallow ? Deepen : "; fetch it")}");
        }
        string name = NameOf(reference);
        string? on = current is null ? _branch : NameOf(current);
        string? tip = _tips.GetValueOrDefault(reference);
        if ((tip == head ? head : Line("merge-base", "HEAD", reference)) is not { } commit) return new MergeBase(null, name, on == name, $"HEAD has no history in common with '{name}'{(isShallow ? Deepen : "")}");
        // Without a branch of its own (a CI system that checked out a commit) HEAD is on that branch if it is its newest commit.
        bool onBranch = on is null ? branch is null && head == tip : on == name;
        return new MergeBase(commit, name, onBranch, null);
    }

    /// <summary>A file as a commit has it; null where it has none.</summary>
    public byte[]? Show(string commit, string path)
    {
        (int code, byte[] output, _) = Run("show", $"{commit}:./{Path.GetRelativePath(_folder, path).Replace('\\', '/')}");
        return code == 0 ? output : null;
    }

    /// <summary>What a line of <see cref="Log"/> about a commit begins with: its id, seconds since 1970 and subject follow, with tabs between.</summary>
    internal const string CommitLine = "commit ";

    /// <summary>
    /// The newest commits that changed a file, also under the names that it had before; of a merge, what it changed for its
    /// first parent. Behind each commit a line of "git diff --raw".
    /// </summary>
    internal byte[] Log(string path, int last, out string problem)
    {
        (int code, byte[] output, string error) = Run(s_limitOfLog, "--literal-pathspecs", "log", "--follow", "--first-parent", "-m", "--raw", "--no-abbrev", "--no-color", "--no-show-signature", "--no-notes",
            "--no-ext-diff", "--no-textconv", "--encoding=UTF-8", $"--format={CommitLine}%H%x09%ct%x09%s", $"--max-count={last.ToString(CultureInfo.InvariantCulture)}", "--", "./" + Path.GetRelativePath(_folder, path).Replace('\\', '/'));
        problem = code == 0 ? "" : error.Contains("does not have any commits yet", StringComparison.Ordinal) ? "there is no commit yet" : "git says: " + error;
        return code == 0 ? output : [];
    }

    /// <summary>Contents of objects, one after the other.</summary>
    internal GitBlobs ReadBlobs(IReadOnlyList<string> ids) => new(Command("cat-file", "--batch"), ids);

    private static readonly TimeSpan s_limitOfLog = TimeSpan.FromMinutes(2);

    private const string Deepen = ": this is a shallow clone (with actions/checkout set fetch-depth: 0, elsewhere git fetch --unshallow)";

    private const int NotInstalled = -1;

    private static string NameOf(string branch)
    {
        foreach (string prefix in (string[])["refs/heads/", "refs/remotes/origin/", "origin/"])
        {
            if (branch.StartsWith(prefix, StringComparison.Ordinal)) return branch[prefix.Length..];
        }
        return branch;
    }

    private static string[] Candidates(string name) => ["refs/remotes/origin/" + name, "refs/heads/" + name];

    private string? Existing(string name, string branch)
    {
        string[] names = Candidates(name);
        if (Array.Find(names, _tips.ContainsKey) is { } known) return known;
        if (References(names) is { Count: > 0 } there) return Array.Find(names, there.Contains);
        // Names come from variables of a CI system: none of them is an option.
        return branch.Length > 0 && branch[0] != '-' && Line("rev-parse", "--verify", "--quiet", branch + "^{commit}") is not null ? branch : null;
    }

    // Those that exist, in one question.
    private HashSet<string> References(string[] names)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        (int code, byte[] output, _) = Run(["for-each-ref", "--format=%(refname)%09%(objectname)", .. names]);
        if (code != 0) return found;
        foreach (string line in Encoding.UTF8.GetString(output).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split('\t');
            // A name with a star in it is a pattern to git.
            if (parts.Length == 2 && Array.IndexOf(names, parts[0]) >= 0 && found.Add(parts[0])) _tips[parts[0]] = parts[1];
        }
        return found;
    }

    private string? Line(params string[] arguments)
    {
        (int code, byte[] output, _) = Run(arguments);
        string line = Encoding.UTF8.GetString(output).Trim();
        return code == 0 && line.Length > 0 ? line : null;
    }

    private (int Code, byte[] Output, string Error) Run(params string[] arguments) => Run(s_limit, arguments);

    private ProcessStartInfo Command(params string[] arguments)
    {
        var start = new ProcessStartInfo("git", ["-C", _folder, "--no-pager", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false, CreateNoWindow = true };
        start.Environment["LC_ALL"] = "C";
        start.Environment["GIT_OPTIONAL_LOCKS"] = "0";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        // A hook sets the first for its own repository; the others fill standard error.
        foreach (string name in (string[])["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_TRACE", "GIT_TRACE2", "GIT_TRACE2_EVENT", "GIT_TRACE2_PERF", "GIT_TRACE_SETUP", "GIT_TRACE_PERFORMANCE"]) start.Environment.Remove(name);
        return start;
    }

    private (int Code, byte[] Output, string Error) Run(TimeSpan limit, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(Command(arguments))!;
            bool isLate = false;
            using var timer = new Timer(_ =>
            {
                isLate = true;
                Kill(process);
            }, null, limit, Timeout.InfiniteTimeSpan);
            process.StandardInput.Close();
            // One stream behind the other, on this thread: what git has to complain of is short.
            byte[] output = Read(process.StandardOutput.BaseStream);
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return isLate ? (1, [], "no answer") : (process.ExitCode, output, error.Trim().Split('\n')[0]);
        }
        catch (Win32Exception)
        {
            return (NotInstalled, [], "");
        }
        catch (IOException e)
        {
            return (1, [], e.Message);
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself meanwhile.
        }
    }

    private static byte[] Read(Stream stream)
    {
        using var all = new MemoryStream();
        var buffer = new byte[16 << 10];
        for (int read; (read = stream.Read(buffer, 0, buffer.Length)) > 0;)
        {
            if (all.Length < MaxOutput) all.Write(buffer, 0, read);
        }
        return all.ToArray();
    }
}
