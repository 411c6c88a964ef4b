using BinarySize.Mapping;

namespace BinarySize.Artifacts;

/// <summary>What kind of thing ships.</summary>
public enum ArtifactKind
{
    /// <summary>One file: an executable, a library, an archive.</summary>
    File,

    /// <summary>A folder of files: build output, publish output.</summary>
    Folder,

    /// <summary>A NuGet package.</summary>
    Package,

    /// <summary>A container image archive.</summary>
    Image,
}

/// <summary>A NuGet package that a file comes from.</summary>
/// <param name="Id">Package id, as NuGet spells it.</param>
/// <param name="Version">Package version.</param>
public sealed record PackageIdentity(string Id, string Version)
{
    /// <summary>"Id 1.2.3".</summary>
    public override string ToString() => Version.Length == 0 ? Id : $"{Id} {Version}";
}

/// <summary>One file of an artifact, measured.</summary>
/// <param name="Path">Path relative to the artifact, with '/'; the file's name where the artifact is that file.</param>
/// <param name="FullPath">Where it lies on this machine.</param>
/// <param name="Package">The NuGet package it comes from; null where it is the app's own or not known.</param>
/// <param name="Map">Its bytes.</param>
public sealed record MeasuredFile(string Path, string FullPath, PackageIdentity? Package, SizeMap Map) : IDisposable
{
    /// <summary>Bytes on disk.</summary>
    public long Size => Map.Size;

    /// <summary>Packages of the files inside it (a single-file bundle), by their path there; null where not known.</summary>
    public IReadOnlyDictionary<string, PackageIdentity>? EntryPackages { get; init; }

    public void Dispose() => Map.Dispose();
}

/// <summary>What ships, measured: a list of files, each with its size map.</summary>
/// <param name="Path">Path as it is shown, with '/'.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Files">Its files, by path in ordinal order.</param>
/// <param name="Warnings">What could not be measured as it should, with the path of the file in front.</param>
public sealed record MeasuredArtifact(string Path, ArtifactKind Kind, IReadOnlyList<MeasuredFile> Files, IReadOnlyList<MapWarning> Warnings) : IDisposable
{
    /// <summary>Bytes on disk: the sum over <see cref="Files"/>.</summary>
    public long Size => Files.Sum(f => f.Size);

    public void Dispose()
    {
        foreach (MeasuredFile file in Files) file.Dispose();
    }
}
