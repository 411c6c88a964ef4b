using System.Runtime.InteropServices;

namespace BinarySize.Shrinking;

/// <summary>Files that are more than their bytes: rewriting them would lose what they may do, or where they stand.</summary>
internal static unsafe partial class SpecialFile
{
    /// <summary>What is special about a file; null where nothing is.</summary>
    public static string? Problem(string path)
    {
        var info = new FileInfo(path);
        if (info.LinkTarget is { } target) return $"it is a symbolic link to '{target}'";
        if (OperatingSystem.IsWindows()) return null;
        UnixFileMode mode = info.UnixFileMode;
        if ((mode & UnixFileMode.SetUser) != 0) return "it runs with its owner's rights (setuid), which the kernel does not grant to a rewritten file";
        if ((mode & UnixFileMode.SetGroup) != 0) return "it runs with its group's rights (setgid), which the kernel does not grant to a rewritten file";
        if ((mode & UnixFileMode.StickyBit) != 0) return "it has the sticky bit";
        if (!OperatingSystem.IsLinux()) return null;
        if (GetAttribute(path, "security.capability", null, 0) > 0) return "it has capabilities (setcap), which a rewritten file loses";
        if (GetAttribute(path, "security.ima", null, 0) > 0) return "it has an integrity signature (IMA), which a rewritten file breaks";
        return null;
    }

    [LibraryImport("libc", EntryPoint = "getxattr", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetAttribute(string path, string name, void* value, nuint size);
}
