using System.Globalization;

namespace BinarySize.Shrinking;

/// <summary>
/// A private folder beside a step's output, on the same file system, so that what was made there is moved into place in one
/// piece. It goes with everything in it, whatever happens; what a killed process left is swept by a later one.
/// </summary>
internal sealed class StepFolder : IDisposable
{
    private const string Prefix = ".binarysize-";

    private static readonly TimeSpan s_abandoned = TimeSpan.FromDays(1);

    private readonly string _path;

    private StepFolder(string path) => _path = path;

    /// <summary>Makes one beside <paramref name="output"/>, whose folder is created.</summary>
    /// <exception cref="IOException">It can't be made: a full or read-only disk, or no permission.</exception>
    public static StepFolder Beside(string output)
    {
        string parent = Path.GetDirectoryName(Path.GetFullPath(output))!;
        string path = Path.Combine(parent, Prefix + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..12]);
        try
        {
            Directory.CreateDirectory(parent);
            Sweep(parent);
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
        return new StepFolder(path);
    }

    /// <summary>The path of a file in it.</summary>
    public string this[string name] => Path.Combine(_path, name);

    /// <summary>A copy of <paramref name="source"/> that its owner may read, write and run.</summary>
    /// <exception cref="IOException">It can't be read, or there is no room for it.</exception>
    public string Copy(string source, string name)
    {
        string copy = this[name];
        try
        {
            File.Copy(source, copy);
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(copy, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            else File.SetAttributes(copy, FileAttributes.Normal);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
        return copy;
    }

    /// <summary>
    /// Moves one of its files to <paramref name="output"/>, with the mode bits of <paramref name="model"/> and the time of
    /// now: tools keep the time of their input, and an incremental build would make it again and again.
    /// </summary>
    /// <exception cref="IOException">The output can't be written.</exception>
    public void Deliver(string name, string output, string model)
    {
        string result = this[name];
        try
        {
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(result, File.GetUnixFileMode(model));
            File.SetLastWriteTimeUtc(result, DateTime.UtcNow);
            File.Move(result, output, overwrite: true);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public void Dispose()
    {
        for (int i = 0; i < 5 && !TryDelete(_path); i++) Thread.Sleep(50);
    }

    private static void Sweep(string parent)
    {
        foreach (string path in Directory.EnumerateDirectories(parent, Prefix + "????????????"))
        {
            if (DateTime.UtcNow - Directory.GetLastWriteTimeUtc(path) > s_abandoned) TryDelete(path);
        }
    }

    // On Windows a program that was just ended may hold a file for a moment.
    private static bool TryDelete(string path)
    {
        try
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
