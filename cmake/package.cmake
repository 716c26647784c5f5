# What is installed, and a Debian package of it: script/package. It is for the Debian that it was built on, whose names of
# libraries it depends on.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
include(GNUInstallDirs)
set(doc ${CMAKE_INSTALL_DATADIR}/doc/avatar-edge)

install(TARGETS avatar-edge RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES config/systemd/avatar-edge.service config/systemd/avatar-edge.socket DESTINATION lib/systemd/system)
install(FILES config/completion/avatar-edge DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES config/avatar-edge.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/avatar-edge)
install(FILES README.md CHANGELOG.md docs/operation.md DESTINATION ${doc})

# Manuals are compressed in Debian, and hold no time that would make each build another.
install(CODE "execute_process(COMMAND gzip -9nc \"${PROJECT_SOURCE_DIR}/docs/avatar-edge.8\"
  OUTPUT_FILE \"${PROJECT_BINARY_DIR}/avatar-edge.8.gz\" COMMAND_ERROR_IS_FATAL ANY)")
install(FILES ${PROJECT_BINARY_DIR}/avatar-edge.8.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)

# Configurations name the schema where it is installed.
file(GLOB ready RELATIVE ${PROJECT_SOURCE_DIR}/config CONFIGURE_DEPENDS config/*.yaml)
foreach(file ${ready})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS config/${file})
  file(READ config/${file} text)
  string(REPLACE "$schema=avatar-edge.schema.json" "$schema=/usr/share/avatar-edge/avatar-edge.schema.json" text "${text}")
  file(WRITE ${PROJECT_BINARY_DIR}/config/${file} "${text}")
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/config/avatar-edge.yaml DESTINATION /etc/avatar-edge)
install(FILES config/debian/logrotate DESTINATION /etc/logrotate.d RENAME avatar-edge)
list(REMOVE_ITEM ready avatar-edge.yaml)
list(TRANSFORM ready PREPEND ${PROJECT_BINARY_DIR}/config/)
install(FILES ${ready} DESTINATION ${doc}/examples)

cmake_host_system_information(RESULT distribution QUERY DISTRIB_INFO)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME avatar-edge)
set(CPACK_PACKAGE_CONTACT "avatar-edge <root@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "edge cache for avatars")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Answers requests for avatars from memory, asks the origin once for all
who wait, and hears of updates from a Redis Stream, so that what was
replaced is not served any more.

The installation starts nothing: write /etc/avatar-edge/avatar-edge.yaml,
then systemctl enable --now avatar-edge.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE "1~deb${distribution_VERSION_ID}")
set(CPACK_DEBIAN_PACKAGE_SECTION web)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, passwd")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  "${PROJECT_SOURCE_DIR}/config/debian/conffiles;${PROJECT_SOURCE_DIR}/config/debian/postinst"
  "${PROJECT_SOURCE_DIR}/config/debian/prerm;${PROJECT_SOURCE_DIR}/config/debian/postrm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_STRIP_FILES ON)
include(CPack)
